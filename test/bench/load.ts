import { Agent, request as httpRequest } from 'node:http';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Burst {
  readonly port: number;
  /** Returns the next request. */
  readonly next: () => Asked;
  /** Requests in flight at the same time. */
  readonly concurrency: number;
  /** The burst ends after this time or after `requestsMax` requests, whichever comes first. */
  readonly milliseconds: number;
  readonly requestsMax: number;
  /** The status that every reply must have. */
  readonly status: number;
  /** A status that an answer may have instead; it is counted as refused. */
  readonly refusal?: number;
  readonly onAnswer?: (body: string, asked: Asked) => void;
}

export interface BurstReport {
  /** Those that were answered as they should be. */
  readonly requests: number;
  readonly refused: number;
  readonly milliseconds: number;
  /** In ascending order. */
  readonly latenciesMs: readonly number[];
}

/** Connections are kept alive, as a load balancer does. */
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

export function closeConnections(): void {
  agent.destroy();
}

/** Sends requests to a process on this machine. Rejects if a reply does not have the expected status. */
export async function burst({ next, concurrency, milliseconds, requestsMax, ...asking }: Burst): Promise<BurstReport> {
  const startedAtMs = performance.now();
  const latenciesMs: number[] = [];
  let left = requestsMax;
  let refused = 0;
  const lane = async (): Promise<void> => {
    while (left > 0 && performance.now() - startedAtMs < milliseconds) {
      left -= 1;
      const askedAtMs = performance.now();
      if (await answered(next(), asking)) latenciesMs.push(performance.now() - askedAtMs);
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return {
    requests: latenciesMs.length,
    refused,
    milliseconds: performance.now() - startedAtMs,
    latenciesMs: latenciesMs.sort((a, b) => a - b),
  };
}

/** False: refused, in the way that is allowed. */
function answered(
  asked: Asked,
  { port, status, refusal, onAnswer }: Pick<Burst, 'port' | 'status' | 'refusal' | 'onAnswer'>,
): Promise<boolean> {
  const { method, path, headers, body } = asked;
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = { host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent };
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode === refusal) {
          resolve(false);
          return;
        }
        if (response.statusCode !== status) {
          reject(new Error(`${method} ${path} was answered ${response.statusCode}: ${text}`));
          return;
        }
        onAnswer?.(text, asked);
        resolve(true);
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Returns the value of a sorted list below which this share of the values lies. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return percentile(sorted, 0.5);
}
