import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** The options that Google's REST clients pass to `fetch`. */
export interface DirectRequest {
  readonly method?: string | undefined;
  readonly headers?: Iterable<readonly [string, string]> | undefined;
  readonly body?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The members of the response that these clients use. */
export interface DirectResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly arrayBuffer: () => Promise<Uint8Array>;
}

/** Maximum number of connections; higher than the concurrency of a function instance. */
const SOCKETS_MAX = 256;
const agents = {
  http: new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_MAX }),
  https: new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX }),
};

/**
 * Makes one HTTP request with Node.js itself, over a kept-alive connection. Google's clients would use gaxios and
 * node-fetch, which copy options and headers and wrap bodies in streams, at several times the cost of the call itself.
 * Rejects when the response is incomplete; resolves for every status.
 */
export function directFetch(
  url: URL,
  { method = 'GET', headers, body, signal }: DirectRequest,
): Promise<DirectResponse> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const options = {
      method,
      headers: {
        ...Object.fromEntries(headers ?? []),
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
      agent: secure ? agents.https : agents.http,
      ...(signal === undefined ? {} : { signal }),
    };
    const onResponse = (response: IncomingMessage): void => {
      const status = response.statusCode ?? 0;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const content = chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks);
        resolve({ status, ok: status >= 200 && status < 300, arrayBuffer: () => Promise.resolve(content) });
      });
    };
    const request = secure ? httpsRequest(url, options, onResponse) : httpRequest(url, options, onResponse);
    request.once('error', reject);
    request.end(body);
  });
}
