import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';

/** A request that is sent exactly as written: nothing is normalised or corrected. */
export interface PlainRequest {
  readonly method: string;
  /** Including the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface PlainAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The parsed text if it is JSON, `undefined` otherwise. */
  readonly body: unknown;
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** Sends one request with Node's own client, which leaves path and headers as they are. */
export function send(baseUrl: string, { method, path, headers = {}, body }: PlainRequest): Promise<PlainAnswer> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const inPieces = body === undefined || headers['transfer-encoding'] !== undefined;
    const length = inPieces ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = httpRequest({ agent, hostname, port, method, path, headers: { ...length, ...headers } });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        const names = Object.entries(response.headers);
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(names.map(([name, value]) => [name, String(value)])),
          text,
          body: parsed(text),
        });
      });
    });
    outgoing.end(body);
  });
}

/**
 * Sends these bytes unchanged and returns everything received until the connection closes, for requests that an HTTP
 * client would refuse to send.
 */
export function sendBytes(baseUrl: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes, 'latin1'));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: Buffer | string) => (text += String(chunk)));
    // A reset is one way in which the server closes the connection, with or without a reply.
    socket.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? undefined : reject(error)));
    socket.once('close', () => resolve(text));
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
