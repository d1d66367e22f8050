import type { LogLine, Probed, SeenHops } from './finding.ts';

export interface HopsProbe {
  /** Public address of the API, without a path. */
  readonly address: string;
  /** Beginning of the requests' ids. */
  readonly requestId: string;
  /** Returns the functions' log lines of these requests, as far as they have arrived. */
  readonly linesOf: (requestIds: readonly string[]) => Promise<readonly LogLine[]>;
  readonly patience: { readonly looks: number; readonly pauseMs: number };
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** API Gateway now and then leaves out the caller's address (esp-v2#943), so one request proves nothing. */
const REQUESTS = 3;

const PATH = '/api/compute/v1/templates';
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Sends requests without a credential and without X-Forwarded-For, and reads from the functions' log how many addresses
 * the proxies appended. Throws if the gateway does not answer.
 */
export async function probeHops({ address, requestId, linesOf, patience, sleep }: HopsProbe): Promise<Probed> {
  const ids = Array.from({ length: REQUESTS }, (_, index) => `${requestId}-${index}`);
  let status = 0;
  for (const id of ids) {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await fetch(`${address}${PATH}`, { headers: { 'x-request-id': id }, signal }).catch(
      (thrown: unknown) => {
        throw new Error(`${address} does not answer (${reasonOf(thrown)}).`);
      },
    );
    await response.arrayBuffer();
    status = response.status;
  }
  let lines: readonly LogLine[] = [];
  for (let look = 0; look < patience.looks && lines.length < REQUESTS; look += 1) {
    if (look > 0) await sleep(patience.pauseMs);
    lines = await linesOf(ids);
  }
  return { status, seen: hopsIn(lines) };
}

function hopsIn(lines: readonly LogLine[]): SeenHops | undefined {
  const known = lines.flatMap(({ forwardedEntries: proxies, forwardedHops: hops }) =>
    proxies === undefined || hops === undefined ? [] : [{ proxies, hops }],
  );
  return known.toSorted((a, b) => b.proxies - a.proxies)[0];
}

function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
}
