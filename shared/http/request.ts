/** A request as the pipeline sees it, free of any framework. */
export interface WireRequest {
  readonly method: string;
  /** Path without the query, percent-encoded as it came. */
  readonly path: string;
  /** Without the `?`. */
  readonly query: string;
  /** Names in lower case; a repeated header is joined with `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Address of the other end of the connection. */
  readonly peer: string;
  /** Reads the body. Throws `payload_too_large` beyond the limit, without reading on, and `request_aborted`. */
  readonly readBody: () => Promise<string>;
}

/** Query parameters by name; a repeated one is a list, so that a check can refuse it. */
export function parseQuery(query: string): Readonly<Record<string, string | readonly string[]>> {
  const parsed: Record<string, string | readonly string[]> = Object.create(null) as Record<string, string>;
  const parameters = new URLSearchParams(query);
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name);
    parsed[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return parsed;
}

/**
 * Parameters of a path by its template; `undefined` when the path is another one. Case matters, and so does a trailing
 * slash. A segment that cannot be decoded is kept as it came: it will not be a legal id either.
 */
export function matchPath(template: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = template.split('/');
  const given = path.split('/');
  const open = wanted.at(-1) === '**';
  if (open ? given.length < wanted.length - 1 : given.length !== wanted.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    if (segment === '**') break;
    const value = given[index] ?? '';
    if (segment.startsWith('{') && value !== '') parameters[segment.slice(1, -1)] = decode(value);
    else if (segment !== value) return undefined;
  }
  return parameters;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * The caller's address. Each proxy appends the address it was called from, so the entry that ours added is `hops` from the
 * right; what is further left was sent by the caller and proves nothing. With no proxy at all, nothing of it does.
 */
export function callerAddress(request: Pick<WireRequest, 'headers' | 'peer'>, hops: number): string {
  const chain = (request.headers['x-forwarded-for'] ?? '').split(',').map((entry) => entry.trim());
  const entry = hops === 0 ? undefined : chain.at(-hops);
  return entry === undefined || entry === '' ? request.peer : entry;
}

/** How many entries X-Forwarded-For has: those that the caller sent and those that proxies appended. */
export function forwardedEntries(request: Pick<WireRequest, 'headers'>): number {
  const header = request.headers['x-forwarded-for'] ?? '';
  return header.trim() === '' ? 0 : header.split(',').length;
}
