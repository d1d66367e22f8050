import { Agent, request as httpRequest } from 'node:http';
import { normalPath } from '#scripts/local/gateway/route-table.ts';
import { send, type PlainAnswer } from '#test/support/http-client.ts';
import { undocumented } from './documented.ts';
import { chance, hostileRequest, type HostileRequest, type Loot } from './hostile-requests.ts';

/**
 * A request without a reply for this long counts as hanging. The longest regular request waits a minute for an
 * operation.
 */
const HANG_MS = 75_000;
/** Requests in flight at the same time. */
const CALLERS = 12;
/** Most ids, operations or cursors that are collected from replies. */
const LOOT_MAX = 200;
/** Failures that are described; further ones are only counted. */
const TOLD_MAX = 20;

export interface HostileRun {
  readonly baseUrl: string;
  readonly seed: number;
  readonly requests: number;
  readonly loot: Loot;
}

export interface HostileFigures {
  /** How often each status was answered. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly brokenOff: number;
  readonly failed: number;
  /** The first failures: the number of the request, the request, and what was wrong with its reply. */
  readonly failures: readonly string[];
}

/**
 * Sends seeded requests and checks every reply. A request depends only on the seed and its number, except for ids and
 * cursors, which are taken from earlier replies.
 */
export async function runHostile({ baseUrl, seed, requests, loot }: HostileRun): Promise<HostileFigures> {
  const statuses: Record<string, number> = {};
  const failures: string[] = [];
  let brokenOff = 0;
  let failed = 0;
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < requests) {
      const number = next;
      next += 1;
      const request = hostileRequest(chance(seed * 1_000_003 + number), loot);
      if (request.breakOffAfter !== undefined) {
        await breakOff(baseUrl, request);
        brokenOff += 1;
        continue;
      }
      const outcome = await answered(baseUrl, request);
      if (typeof outcome !== 'string') {
        statuses[outcome.status] = (statuses[outcome.status] ?? 0) + 1;
        gather(outcome, loot);
      }
      const wrong = typeof outcome === 'string' ? outcome : judged(request, outcome);
      if (wrong === undefined) continue;
      failed += 1;
      if (failures.length < TOLD_MAX) failures.push(`#${number} ${told(request)} → ${wrong}`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return { statuses, brokenOff, failed, failures };
}

function judged(request: HostileRequest, answer: PlainAnswer): string | undefined {
  const [target = ''] = request.path.split('?', 1);
  const override = request.headers?.['x-http-method-override'];
  const method = request.method === 'POST' && override !== undefined ? override.toUpperCase() : request.method;
  return undocumented(method, normalPath(target), answer);
}

/** Returns the reply, or a text that says why there is none. */
async function answered(baseUrl: string, request: HostileRequest): Promise<PlainAnswer | string> {
  let timer: NodeJS.Timeout | undefined;
  const hangs = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${HANG_MS / 1000} s`), HANG_MS);
  });
  try {
    return await Promise.race([send(baseUrl, request), hangs]);
  } catch (thrown) {
    return `no answer: ${String(thrown)}`;
  } finally {
    clearTimeout(timer);
  }
}

const agent = new Agent({ keepAlive: false });

/** Sends the beginning of a body and closes the connection. */
function breakOff(
  baseUrl: string,
  { method, path, headers, body = '', breakOffAfter = 0 }: HostileRequest,
): Promise<void> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve) => {
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const kept = Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => name !== 'transfer-encoding'));
    const outgoing = httpRequest({ agent, hostname, port, method, path, headers: { ...kept, ...length } });
    outgoing.once('error', () => undefined);
    outgoing.once('close', resolve);
    outgoing.write(body.slice(0, Math.max(1, breakOffAfter)), () => outgoing.destroy());
  });
}

function gather({ text, headers }: PlainAnswer, loot: Loot): void {
  const found: readonly (readonly [string[], readonly string[]])[] = [
    [loot.ids, text.match(/\b(tw|inst)-[0-9a-f]{6}-[0-9a-f]{8}\b/g) ?? []],
    [loot.operations, [headers['x-operation-id']].filter((id) => id !== undefined)],
    [loot.cursors, [...text.matchAll(/"next_?[cC]ursor":"([^"]+)"/g)].map(([, cursor = '']) => cursor)],
  ];
  for (const [known, more] of found) {
    for (const each of more) if (known.length < LOOT_MAX && !known.includes(each)) known.push(each);
  }
}

function told({ method, path, headers, body }: HostileRequest): string {
  const shown = Object.entries(headers ?? {}).filter(([name]) => !/key|secret|authorization/.test(name));
  return `${method} ${path.slice(0, 200)} ${JSON.stringify(Object.fromEntries(shown)).slice(0, 200)} ${(body ?? '').slice(0, 120)}`;
}
