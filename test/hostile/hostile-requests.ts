import { CONTRACTS, FALLBACKS } from '#shared/contracts/index.ts';
import { ABSENT, sampleOf, type Subjects } from '#test/support/contract-samples.ts';
import type { PlainRequest } from '#test/support/http-client.ts';

/** A seeded source of random choices: the same seed yields the same requests. */
export interface Chance {
  /** At least 0, below 1. */
  next(): number;
  below(limit: number): number;
  of<T>(choices: readonly T[]): T;
}

/** Returns a seeded source of choices (mulberry32, whose quality is good enough for choosing requests). */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    of: (choices) => {
      const chosen = choices[below(choices.length)];
      if (chosen === undefined) throw new Error('There is nothing to choose from.');
      return chosen;
    },
  };
}

/** Ids, credentials and cursors that requests can use. Replies add to the ids, operations and cursors. */
export interface Loot {
  readonly credentials: readonly Readonly<Record<string, string>>[];
  readonly ids: string[];
  readonly operations: string[];
  readonly projects: readonly string[];
  readonly cursors: string[];
}

export interface HostileRequest extends PlainRequest {
  /** Bytes of the body after which the client closes the connection; `undefined`: the body is sent whole. */
  readonly breakOffAfter?: number;
}

const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  '0',
  '-1',
  '1e309',
  'null',
  'true',
  '[]',
  '{}',
  '__proto__',
  'constructor',
  '__key__',
  '../../etc/passwd',
  '%2e%2e%2f',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  'a\r\nset-cookie: evil=1',
  '\ud83d\ude00'.repeat(40),
  'ÄÖÜ߀',
  '\u202egnirts',
  'x'.repeat(2_000),
  '9007199254740993',
  '0x7f',
  '2024-02-30T00:00:00Z',
] as const;

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  [],
  {},
  [[[]]],
  { a: { b: {} } },
  ...ODD_TEXTS,
  Array.from({ length: 2_000 }, () => 1),
];

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'] as const;
const BODY_BYTES_MAX = 256 * 1024;

export function hostileRequest(dice: Chance, loot: Loot): HostileRequest {
  const contract = dice.of(CONTRACTS);
  const subjects: Subjects = {
    instanceId: anId(dice, loot.ids, 'tw-000000-00000000'),
    operationId: anId(dice, loot.operations, 'op-0000000000000000000'),
    sshKeyId: anId(dice, [], ABSENT.sshKeyId),
    bid: anId(dice, [], ABSENT.bid),
    // Encoded here because the value is placed in queries unchanged.
    project: encodeURIComponent(anId(dice, loot.projects, 'proj_000000000000')),
  };
  const sample = sampleOf(contract, { ...subjects });
  const method = dice.next() < 0.85 ? contract.method : dice.of(METHODS);
  const body = bodyOf(dice, sample.body, contract.method !== 'GET');
  return {
    method,
    path: pathOf(dice, sample.path) + queryOf(dice, { given: sample.query, contract: contract.query, loot }),
    headers: headersOf(dice, loot),
    ...(body === undefined || method === 'TRACE' ? {} : { body }),
    ...(body !== undefined && body.length > 1 && dice.next() < 0.03 ? { breakOffAfter: dice.below(body.length) } : {}),
  };
}

function anId(dice: Chance, known: readonly string[], absent: string): string {
  const roll = dice.next();
  if (roll < 0.6 && known.length > 0) return dice.of(known);
  return roll < 0.85 ? absent : dice.of(ODD_TEXTS);
}

function pathOf(dice: Chance, path: string): string {
  const roll = dice.next();
  if (roll < 0.85) return path;
  const segments = path.split('/');
  const at = 1 + dice.below(Math.max(1, segments.length - 1));
  if (roll < 0.93) segments[at] = encodeURIComponent(dice.of(ODD_TEXTS));
  else if (roll < 0.95) segments[at] = dice.of(['%', '%zz', '%C3%28', '%00', '..', '.', '%2F', '*', '{id}']);
  else if (roll < 0.97) segments.push(...dice.of([[''], ['more'], ['', ''], ['a', 'b', 'c']]));
  else return dice.of(FALLBACKS.flatMap(({ prefixes }) => prefixes)) + dice.of(['', '/', '/nothing', '/%zz', '?']);
  return segments.join('/');
}

function queryOf(
  dice: Chance,
  { given, contract, loot }: { readonly given: string; readonly contract: object; readonly loot: Loot },
): string {
  const parts = given === '' ? [] : [given];
  const names = Object.keys('properties' in contract ? (contract.properties as object) : {});
  for (let more = dice.next() < 0.5 ? 0 : dice.below(4); more > 0; more -= 1) {
    const name =
      names.length > 0 && dice.next() < 0.8 ? dice.of(names) : dice.of(['colour', 'a[b]', '', '%zz', '__proto__']);
    const value =
      name.includes('cursor') && loot.cursors.length > 0 && dice.next() < 0.8 ? dice.of(loot.cursors) : undefined;
    parts.push(`${name}=${encodeURIComponent(value ?? dice.of([...ODD_TEXTS, '1', '5', ...loot.projects]))}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

function headersOf(dice: Chance, loot: Loot): Readonly<Record<string, string>> {
  const odd = (): string => Buffer.from(dice.of(ODD_TEXTS).replaceAll(/[\0\r\n]/g, '')).toString('latin1');
  const headers: Record<string, string> = { 'content-type': 'application/json', ...dice.of(loot.credentials) };
  if (dice.next() < 0.05) Object.assign(headers, dice.of(loot.credentials));
  if (dice.next() < 0.05) headers[dice.of(['api-key', 'api-secret', 'x-api-key', 'authorization'])] = odd();
  if (dice.next() < 0.1) headers['content-type'] = odd();
  if (dice.next() < 0.2) headers['idempotency-key'] = dice.next() < 0.5 ? `key-${dice.below(20)}` : odd();
  if (dice.next() < 0.1) headers['x-request-id'] = odd();
  if (dice.next() < 0.1) headers['prefer'] = dice.next() < 0.5 ? 'return=representation' : odd();
  if (dice.next() < 0.05) headers['x-forwarded-for'] = odd();
  if (dice.next() < 0.03) headers['x-http-method-override'] = dice.of(METHODS);
  if (dice.next() < 0.05) headers[dice.of(['accept', 'expect-ct', 'range', 'if-match', 'origin', 'cookie'])] = odd();
  if (dice.next() < 0.05) headers['transfer-encoding'] = 'chunked';
  return headers;
}

/** Returns the text of the body; `undefined` for a request without one. */
function bodyOf(dice: Chance, sample: unknown, wanted: boolean): string | undefined {
  const roll = dice.next();
  if (sample === undefined) {
    if (roll < (wanted ? 0.7 : 0.9)) return undefined;
    return roll < 0.98 ? JSON.stringify(dice.of(ODD_VALUES)) : 'x'.repeat(BODY_BYTES_MAX + 1);
  }
  const text = JSON.stringify(sample);
  if (roll < 0.35) return text;
  if (roll < 0.65) return JSON.stringify(mutated(dice, sample));
  if (roll < 0.75) return JSON.stringify(dice.of(ODD_VALUES));
  if (roll < 0.83) return text.slice(0, dice.below(text.length));
  if (roll < 0.88) return text.replace('{', `{"${dice.of(['colour', '__proto__', 'constructor'])}":{},`);
  // The same key twice, first with another value.
  if (roll < 0.93)
    return text.replace(/("\w+"):/, (_, key: string) => `${key}:${JSON.stringify(dice.of(ODD_VALUES))},${key}:`);
  if (roll < 0.96) return '['.repeat(1 + dice.below(50_000));
  return JSON.stringify({ padding: 'x'.repeat(BODY_BYTES_MAX + dice.below(10)) });
}

/** Returns the value with one of its parts replaced, removed or added. */
function mutated(dice: Chance, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    if (items.length === 0 || dice.next() < 0.3) return [...items, dice.of(ODD_VALUES)];
    const at = dice.below(items.length);
    return items.map((item, index) => (index === at ? mutated(dice, item) : item));
  }
  if (typeof value !== 'object' || value === null || dice.next() < 0.1) return dice.of(ODD_VALUES);
  const entries = Object.entries(value);
  if (entries.length === 0 || dice.next() < 0.15) return { ...value, [dice.of(ODD_TEXTS)]: dice.of(ODD_VALUES) };
  const at = dice.below(entries.length);
  if (dice.next() < 0.2) return Object.fromEntries(entries.filter((_, index) => index !== at));
  return Object.fromEntries(entries.map(([name, member], i) => [name, i === at ? mutated(dice, member) : member]));
}
