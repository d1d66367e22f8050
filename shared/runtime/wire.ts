import type { IncomingMessage, ServerResponse } from 'node:http';
import { Failure } from '#shared/domain/failure.ts';
import type { WireReply } from '#shared/contracts/reply.ts';
import type { WireRequest } from '#shared/http/request.ts';
import { originalUrl } from './bypass-body-parsers.ts';

/** Maximum size of a request body. The largest valid one is a few KiB of JSON with 32 KiB of user data. */
export const BODY_BYTES_MAX = 256 * 1024;

/** Converts Node's request to the pipeline's format. */
export function toWireRequest(request: IncomingMessage, bodyBytesMax = BODY_BYTES_MAX): WireRequest {
  const url = originalUrl(request);
  const mark = url.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
    ),
    peer: request.socket.remoteAddress ?? '',
    readBody: () => readBody(request, bodyBytesMax),
  };
}

/** Sends a response. If the caller has closed the connection, nothing is sent, which is not an error. */
export function sendReply(response: ServerResponse, reply: WireReply): void {
  if (response.destroyed) return;
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  response.end(reply.body === '' ? undefined : reply.body);
}

async function readBody(request: IncomingMessage, bytesMax: number): Promise<string> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > bytesMax) throw tooLarge(request, bytesMax);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      const buffer = chunk as Buffer;
      bytes += buffer.length;
      if (bytes > bytesMax) throw tooLarge(request, bytesMax);
      chunks.push(buffer);
    }
  } catch (thrown) {
    throw thrown instanceof Failure ? thrown : broken(thrown);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Returns the failure for an error while the body is read, which always means that the caller's connection broke. */
function broken(cause: unknown): Failure {
  return new Failure('request_aborted', 'The request was broken off before its body had arrived.', { cause });
}

/**
 * Returns the failure. The rest of the body is read and discarded, so that the caller receives the response and not a
 * connection error.
 */
function tooLarge(request: IncomingMessage, bytesMax: number): Failure {
  request.resume();
  return new Failure('payload_too_large', `The body is larger than ${bytesMax / 1024} KiB.`);
}
