import { EventEmitter } from 'node:events';
import { Channel, Metadata, Server, status, type StatusObject } from '@grpc/grpc-js';
import type { Network } from './network.ts';

/** The part of a grpc-js server that handles a unary call: it takes and returns the bytes of the wire. */
interface Handler {
  readonly func: (call: object, answer: (error: Partial<StatusObject> | null, value?: object) => void) => void;
  readonly serialize: (value: object) => Buffer;
  readonly deserialize: (bytes: Buffer) => object;
}

/** The callbacks with which grpc-js receives the outcome of a call. */
interface Listener {
  onReceiveMetadata(metadata: Metadata): void;
  onReceiveMessage(message: Buffer): void;
  onReceiveStatus(result: StatusObject): void;
}

type Answer = Buffer | Partial<StatusObject>;

/** A channel's target, `dns:HOST:PORT`. The host names the calling process, the port identifies the server. */
const TARGET = /^(?:dns:)?([^:]+):(\d+)$/;

/**
 * Carries unary gRPC calls inside this process: the same bytes, without HTTP/2 and sockets. The client code is
 * Google's, the server code the emulators'. Call it once, before servers are bound.
 */
export function carryGrpc(network: Network): void {
  const servers = new Map<number, Server>();
  let lastPort = 0;

  Server.prototype.bindAsync = function (_address, _credentials, callback) {
    lastPort += 1;
    servers.set(lastPort, this);
    callback(null, lastPort);
  };
  Channel.prototype.getConnectivityState = () => 2;
  Channel.prototype.createCall = function (method, deadline) {
    const [, host = '', port = ''] = TARGET.exec(this.getTarget()) ?? [];
    const handler = handlerOf(servers.get(Number(port)), method);
    return new CarriedCall(Number(deadline), (request) => network.call(host, () => answered(handler, request)));
  };
}

function handlerOf(server: Server | undefined, method: string): Handler | undefined {
  return (server as unknown as { readonly handlers: ReadonlyMap<string, Handler> } | undefined)?.handlers.get(method);
}

/** Runs the server's handler and returns its response or its error status. */
function answered(handler: Handler | undefined, request: Buffer): Promise<Answer> {
  if (handler === undefined) return Promise.resolve({ code: status.UNIMPLEMENTED, details: 'No such method.' });
  return new Promise((resolve) => {
    const call = Object.assign(new EventEmitter(), { request: handler.deserialize(request), metadata: new Metadata() });
    handler.func(call, (error, value) => {
      resolve(error === null && value !== undefined ? handler.serialize(value) : (error ?? {}));
    });
  });
}

/** One unary call, with the interface that grpc-js' interceptors expect. */
class CarriedCall {
  readonly #deadlineMs: number;
  readonly #send: (request: Buffer) => Promise<Answer>;
  #listener: Listener | undefined;
  #request: Buffer = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(deadlineMs: number, send: (request: Buffer) => Promise<Answer>) {
    this.#deadlineMs = deadlineMs;
    this.#send = send;
  }

  start(_metadata: Metadata, listener: Listener): void {
    this.#listener = listener;
    if (!Number.isFinite(this.#deadlineMs)) return;
    this.#timer = setTimeout(
      () => this.#end({ code: status.DEADLINE_EXCEEDED, details: 'No answer in time.' }),
      this.#deadlineMs - Date.now(),
    );
  }

  sendMessageWithContext(context: { readonly callback?: (error?: Error | null) => void }, message: Buffer): void {
    this.#request = message;
    context.callback?.();
  }

  halfClose(): void {
    this.#send(this.#request).then(
      (answer) => {
        if (this.#ended) return;
        if (!Buffer.isBuffer(answer)) {
          this.#end(answer);
          return;
        }
        this.#listener?.onReceiveMetadata(new Metadata());
        this.#listener?.onReceiveMessage(answer);
        this.#end({ code: status.OK, details: '' });
      },
      (thrown: unknown) => this.#end({ code: status.UNAVAILABLE, details: String(thrown) }),
    );
  }

  cancelWithStatus(code: status, details: string): void {
    this.#end({ code, details });
  }

  #end(result: Partial<StatusObject>): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#listener?.onReceiveStatus({
      code: result.code ?? status.UNKNOWN,
      details: result.details ?? '',
      metadata: new Metadata(),
    });
  }

  startRead(): void {
    return;
  }

  getPeer(): string {
    return 'in-process';
  }

  getCallNumber(): number {
    return 0;
  }

  setCredentials(): void {
    return;
  }

  getAuthContext(): null {
    return null;
  }
}
