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
  readonly onAnswer?: (body: string) => void;
}

export interface BurstReport {
  readonly requests: number;
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
  const lane = async (): Promise<void> => {
    while (left > 0 && performance.now() - startedAtMs < milliseconds) {
      left -= 1;
      const askedAtMs = performance.now();
      await answered(next(), asking);
      latenciesMs.push(performance.now() - askedAtMs);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return {
    requests: latenciesMs.length,
    milliseconds: performance.now() - startedAtMs,
    latenciesMs: latenciesMs.sort((a, b) => a - b),
  };
}

function answered(
  { method, path, headers, body }: Asked,
  { port, status, onAnswer }: Pick<Burst, 'port' | 'status' | 'onAnswer'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = { host: '127.0.0.1', port, method, path, headers: { ...headers, ...length }, agent };
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (response.statusCode !== status) {
          reject(new Error(`${method} ${path} was answered ${response.statusCode}: ${text}`));
          return;
        }
        onAnswer?.(text);
        resolve();
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
