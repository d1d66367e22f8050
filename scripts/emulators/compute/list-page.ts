import { ComputeError, invalidField } from './compute-error.ts';
import { isJsonObject } from './json-object.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

/** An item with the values by which lists are sorted. */
export interface Listed<T> {
  readonly item: T;
  /** Sort key of the order by name. */
  readonly name: string;
  readonly createdMs: number;
}

const RESULTS_MAX = 500;

type Order = 'name' | 'newest';

/** Returns the page that `maxResults`, `pageToken` and `orderBy` describe. Throws a 400 for invalid values. */
export function pageOf<T>(listed: readonly Listed<T>[], query: URLSearchParams): Page<T> {
  const size = readSize(query.get('maxResults'));
  const order = readOrder(query.get('orderBy'));
  const after = readToken(query.get('pageToken'), order);
  const sorted = [...listed].sort((a, b) => compare(a, b, order));
  // The token holds a position in the order, not a count, so creations and deletions between two pages shift nothing.
  const rest = after === undefined ? sorted : sorted.filter((item) => compare(item, after, order) > 0);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const items = page.map(({ item }) => item);
  if (last === undefined || page.length === rest.length) return { items };
  return { items, nextPageToken: tokenOf(last, order) };
}

function tokenOf(last: Position | undefined, order: Order): string {
  const token = { order, name: last?.name, createdMs: last?.createdMs };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/**
 * Like `pageOf`, for lists that can be read in the order of names from any name on: no more is read than the page holds.
 * `after` is the name where the page before ended.
 */
export function pageFrom<T>(read: (after: string | undefined) => Iterable<Listed<T>>, query: URLSearchParams): Page<T> {
  const order = readOrder(query.get('orderBy'));
  if (order !== 'name') return pageOf([...read(undefined)], query);
  const size = readSize(query.get('maxResults'));
  const after = readToken(query.get('pageToken'), order);
  const page: Listed<T>[] = [];
  for (const listed of read(after?.name)) {
    if (page.length === size)
      return { items: page.map(({ item }) => item), nextPageToken: tokenOf(page.at(-1), order) };
    page.push(listed);
  }
  return { items: page.map(({ item }) => item) };
}

type Position = Omit<Listed<unknown>, 'item'>;

function compare(a: Position, b: Position, order: Order): number {
  if (order === 'newest' && a.createdMs !== b.createdMs) return b.createdMs - a.createdMs;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

function readSize(text: string | null): number {
  if (text === null) return RESULTS_MAX;
  if (!/^\d+$/.test(text) || Number(text) > RESULTS_MAX) {
    throw invalidField('maxResults', text, `Must be a number between 0 and ${RESULTS_MAX}.`);
  }
  // Zero means the default.
  return Number(text) === 0 ? RESULTS_MAX : Number(text);
}

function readOrder(text: string | null): Order {
  if (text === null || text === '' || text === 'name') return 'name';
  if (text === 'creationTimestamp desc') return 'newest';
  throw invalidField('orderBy', text, "Only 'name' and 'creationTimestamp desc' are supported.");
}

function readToken(text: string | null, order: Order): Position | undefined {
  if (text === null || text === '') return undefined;
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (isJsonObject(token) && token['order'] === order) {
      const { name, createdMs } = token;
      if (typeof name === 'string' && typeof createdMs === 'number') return { name, createdMs };
    }
  } catch {
    // The token is malformed; it is refused below, together with tokens of other lists.
  }
  throw new ComputeError(400, 'invalid', `Invalid value for field 'pageToken': '${text}'.`, 'pageToken');
}
