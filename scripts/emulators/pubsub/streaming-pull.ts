import { setTimeout as sleep } from 'node:timers/promises';
import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import type { Log } from '../emulator.ts';
import type { Faults } from '../faults.ts';
import type { Broker, Channel } from './broker.ts';
import type { Consumer, Handed } from './delivery-queue.ts';
import { sizeOf } from './publish-limits.ts';
import { receivedMessage } from './received-message.ts';
import type { Registry } from './registry.ts';
import { invalidArgument, notFound, type StatusError } from './status-error.ts';
import { requireAckDeadline } from './subscription-settings.ts';
import { injectedError, toStatusError } from './unary.ts';
import type { StreamingPullRequest } from './wire.ts';

// Used if a flow control field is 0; a negative value means no limit.
const OUTSTANDING_MESSAGES_DEFAULT = 1000;
const OUTSTANDING_BYTES_DEFAULT = 100 * 1024 * 1024;

export interface StreamingPullOptions {
  readonly registry: Registry;
  readonly broker: Broker;
  readonly faults: Faults;
  readonly log: Log;
}

type Call = ServerDuplexStream<StreamingPullRequest, object>;

/**
 * Implements Subscriber.StreamingPull: the first request opens the session, later ones acknowledge, extend leases and
 * keep the session alive.
 */
export function streamingPull(options: StreamingPullOptions): handleBidiStreamingCall<StreamingPullRequest, object> {
  return (call) => {
    let session: StreamSession | undefined;
    // Requests are handled one after the other, also while an injected delay holds the first one.
    let last: Promise<void> = Promise.resolve();
    const refuse = (thrown: unknown): void => {
      session?.close();
      call.emit('error', toStatusError(thrown, 'streamingPull', options.log));
    };
    const take = async (request: StreamingPullRequest): Promise<void> => {
      if (session !== undefined) {
        session.take(request);
        return;
      }
      const fault = options.faults.take('pubsub', 'streamingPull');
      if (fault?.kind === 'error') throw injectedError(fault);
      if (fault?.kind === 'delay') await sleep(fault.delayMs ?? 0);
      session = openSession(call, request, { ...options, onEnd: refuse });
    };
    call.on('data', (request: StreamingPullRequest) => {
      last = last.then(() => take(request)).catch(refuse);
    });
    call.on('cancelled', () => session?.close());
    call.on('end', () => {
      session?.close();
      call.end();
    });
  };
}

function openSession(
  call: Call,
  request: StreamingPullRequest,
  options: StreamingPullOptions & { readonly onEnd: (cause: StatusError) => void },
): StreamSession {
  requireAckDeadline(request.streamAckDeadlineSeconds);
  const { enableMessageOrdering, deadLetterPolicy } = options.registry.getSubscription(request.subscription);
  const channel = options.broker.channel(request.subscription);
  const session = new StreamSession({ call, channel, request, countsAttempts: deadLetterPolicy !== null });
  channel.closed.addEventListener('abort', () => options.onEnd(notFound(request.subscription)), {
    once: true,
    signal: session.ended,
  });
  call.write({
    subscriptionProperties: { exactlyOnceDeliveryEnabled: false, messageOrderingEnabled: enableMessageOrdering },
  });
  session.apply(request);
  channel.queue.attach(session);
  return session;
}

interface SessionOptions {
  readonly call: Call;
  readonly channel: Channel;
  readonly request: StreamingPullRequest;
  readonly countsAttempts: boolean;
}

class StreamSession implements Consumer {
  leaseMs: number;
  readonly #options: SessionOptions;
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  readonly #end = new AbortController();
  #messages = 0;
  #bytes = 0;

  constructor(options: SessionOptions) {
    const { request } = options;
    this.#options = options;
    this.leaseMs = request.streamAckDeadlineSeconds * 1000;
    this.#messagesMax = limit(request.maxOutstandingMessages, OUTSTANDING_MESSAGES_DEFAULT);
    this.#bytesMax = limit(request.maxOutstandingBytes, OUTSTANDING_BYTES_DEFAULT);
  }

  get ended(): AbortSignal {
    return this.#end.signal;
  }

  hasRoom(): boolean {
    return this.#messages < this.#messagesMax && this.#bytes < this.#bytesMax;
  }

  deliver(handed: Handed): void {
    this.#messages += 1;
    this.#bytes += sizeOf(handed.message);
    this.#options.call.write({ receivedMessages: [receivedMessage(handed, this.#options.countsAttempts)] });
  }

  released(handed: Handed): void {
    this.#messages -= 1;
    this.#bytes -= sizeOf(handed.message);
  }

  /**
   * Handles a request after the first. Every request gets a response, because clients consider a silent stream dead.
   */
  take(request: StreamingPullRequest): void {
    if (request.subscription !== '' && request.subscription !== this.#options.request.subscription) {
      throw invalidArgument('The subscription of a stream cannot change.');
    }
    if (request.streamAckDeadlineSeconds !== 0) {
      requireAckDeadline(request.streamAckDeadlineSeconds);
      this.leaseMs = request.streamAckDeadlineSeconds * 1000;
    }
    this.apply(request);
    this.#options.call.write({});
  }

  apply(request: StreamingPullRequest): void {
    const { queue } = this.#options.channel;
    const { ackIds, modifyDeadlineAckIds, modifyDeadlineSeconds } = request;
    if (modifyDeadlineAckIds.length !== modifyDeadlineSeconds.length) {
      throw invalidArgument('modify_deadline_ack_ids and modify_deadline_seconds differ in length.');
    }
    queue.acknowledge(ackIds);
    for (const [index, ackId] of modifyDeadlineAckIds.entries()) {
      queue.extend([ackId], (modifyDeadlineSeconds[index] ?? 0) * 1000);
    }
  }

  /** Closes the stream; its messages stay leased until their deadlines, as in production. */
  close(): void {
    this.#options.channel.queue.detach(this);
    this.#end.abort();
  }
}

function limit(asked: number, byDefault: number): number {
  if (asked < 0) return Number.POSITIVE_INFINITY;
  return asked === 0 ? byDefault : asked;
}
