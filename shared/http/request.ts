/** An HTTP request, independent of any framework. */
export interface WireRequest {
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  /** Query without the `?`. */
  readonly query: string;
  /** Header names are in lower case; values of a repeated header are joined with `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Address of the peer of the TCP connection. */
  readonly peer: string;
  /** Reads the body. Throws `payload_too_large` as soon as the limit is exceeded, and `request_aborted`. */
  readonly readBody: () => Promise<string>;
}

/** Parses the query. A repeated parameter becomes a list, which validation can refuse. */
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
 * Returns the path's parameters by its template; `undefined` if the path does not match. Case and trailing slashes are
 * significant. A segment that cannot be decoded is kept unchanged; validation then refuses it as an id.
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
 * Returns the caller's address. Each proxy appends the address that called it, so the entry that our first proxy added
 * is the `hops`-th from the right. Entries further left were sent by the caller and cannot be trusted; without proxies
 * none can.
 */
export function callerAddress(request: Pick<WireRequest, 'headers' | 'peer'>, hops: number): string {
  const chain = (request.headers['x-forwarded-for'] ?? '').split(',').map((entry) => entry.trim());
  const entry = hops === 0 ? undefined : chain.at(-hops);
  return entry === undefined || entry === '' ? request.peer : entry;
}

/** Returns the number of entries of X-Forwarded-For, whether sent by the caller or appended by proxies. */
export function forwardedEntries(request: Pick<WireRequest, 'headers'>): number {
  const header = request.headers['x-forwarded-for'] ?? '';
  return header.trim() === '' ? 0 : header.split(',').length;
}
