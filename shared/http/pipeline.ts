import type { SignIn } from '#shared/auth/authenticator.ts';
import type { Credential } from '#shared/auth/credential.ts';
import { type Gate, gateOf } from '#shared/concurrency/gate.ts';
import type { Check, Endpoint } from '#shared/contracts/contract.ts';
import type { Reply, WireReply } from '#shared/contracts/reply.ts';
import type { Write } from '#shared/datastore/write.ts';
import { hasRole } from '#shared/domain/access.ts';
import { Failure, type InvalidField } from '#shared/domain/failure.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';
import { type Random, requestId as toRequestId } from '#shared/domain/ids.ts';
import type { Actor, Principal } from '#shared/domain/principal.ts';
import { type RateLimitToken, uncounted } from '#shared/domain/rate-limit.ts';
import { requireNotSuspended } from '#shared/domain/suspension.ts';
import type { LimitedOperation, Tier } from '#shared/domain/tier.ts';
import { checkIdempotencyKey, idempotencyKeyOf } from './idempotency.ts';
import { invalidFields, invalidRequest } from './invalid-request.ts';
import { callerAddress, forwardedEntries, matchPath, parseQuery, type WireRequest } from './request.ts';

/** How one API family differs from the others, apart from its contracts. */
export interface FamilyAdapter {
  readonly name: string;
  credential(headers: WireRequest['headers']): Credential;
  /** Parses the query if the family has its own format; by default `parseQuery`. */
  readonly readQuery?: typeof parseQuery;
  /** Returns the rate-limit headers of a response, for a token or an uncounted request. */
  limitHeaders(token: RateLimitToken, nowMs: number): Readonly<Record<string, string>>;
  failure(
    failure: Failure,
    ids: { readonly errorId: string; readonly requestId: string },
  ): Reply & { readonly contentType: string };
}

/**
 * Whether the caller wants a body in a response that needs none. `preferred`: they sent `Prefer:
 * return=representation`. `expected`: they marked a request without a body as JSON; such clients parse every 2xx
 * response except 204 as JSON.
 */
export type Representation = 'none' | 'preferred' | 'expected';

/** A validated request, as it is passed to a handler. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Principal;
  /** The actor recorded in history and operations; an `admin` if the endpoint requires a role, otherwise a `user`. */
  readonly actor: Actor;
  readonly tier: Tier;
  readonly requestId: string;
  /** Set only if the contract is idempotent and the caller sent an Idempotency-Key. */
  readonly idempotencyKey: IdempotencyKey | undefined;
  /** The If-Match header; `undefined` if absent. */
  readonly ifMatch: string | undefined;
  readonly representation: Representation;
}

/**
 * Handles a validated request with tools behind `gate`: reads run in parallel with the commit of the rate-limit token,
 * and changes are held back until the token is granted.
 */
export type Handler<Params, Query, Body> = (call: Call<Params, Query, Body>, gate: Gate) => Promise<Reply>;

/** Dependencies of the pipeline. */
export interface PipelineTools {
  readonly nowMs: () => number;
  readonly random: Random;
  readonly signIn: (credential: Credential, address: string) => Promise<SignIn>;
  readonly tier: (name: string) => Promise<Tier>;
  readonly takeToken: (
    caller: Principal,
    tier: Tier,
    operation: LimitedOperation,
    notes: readonly Write[],
  ) => Promise<RateLimitToken>;
  readonly refusal: (token: RateLimitToken) => Failure;
  readonly write: (notes: readonly Write[]) => Promise<void>;
  /** Number of proxies between caller and function that append to X-Forwarded-For. */
  readonly forwardedHops: number;
  readonly log: RequestLog;
}

/** Logs one line per request, without bodies and credentials. */
export interface RequestLog {
  readonly request: (line: RequestLine) => void;
}

export interface RequestLine {
  readonly requestId: string;
  readonly endpoint: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly latencyMs: number;
  readonly trace: string | undefined;
  readonly userId?: string;
  readonly customerId?: string;
  readonly credential?: Principal['credential'];
  /** Only if the sign-in failed: the address for which failures are counted. */
  readonly address?: string;
  /**
   * Only if the sign-in failed: the number of X-Forwarded-For entries, and the number that FORWARDED_HOPS says proxies
   * append. For a caller who sends no such header, both are the same if FORWARDED_HOPS is set correctly.
   */
  readonly forwardedEntries?: number;
  readonly forwardedHops?: number;
  /** `granted` if the request succeeded, otherwise the failure's reason. */
  readonly outcome: string;
  readonly errorId?: string;
  readonly cause?: unknown;
}

export interface Pipeline<Params, Query, Body> {
  readonly endpoint: Endpoint<Params, Query, Body>;
  readonly family: FamilyAdapter;
  readonly handle: Handler<Params, Query, Body>;
  readonly tools: PipelineTools;
}

/**
 * Runs one request through all steps in the order written. Never rejects. Headers are set before anything can fail, so
 * that errors have the same request id and rate-limit headers as successes.
 */
export async function serve<Params, Query, Body>(
  { endpoint, family, handle, tools }: Pipeline<Params, Query, Body>,
  request: WireRequest,
): Promise<WireReply> {
  const startedAtMs = tools.nowMs();
  const requestId = toRequestId(request.headers['x-request-id'], tools.random);
  const headers: Record<string, string> = {
    'x-request-id': requestId,
    // Replaced once a token is granted; requests that take none keep these.
    ...family.limitHeaders(uncounted(startedAtMs), startedAtMs),
  };
  let caller: Principal | undefined;
  let reply: Reply & { readonly contentType?: string };
  let outcome = 'granted';
  let errorId: string | undefined;
  let cause: unknown;
  let address = '';
  try {
    const parameters = route(endpoint, request);
    address = callerAddress(request, tools.forwardedHops);
    const signedIn = await tools.signIn(family.credential(request.headers), address);
    caller = signedIn.principal;
    const tier = await tools.tier(caller.tier);
    const admitted = admit(endpoint.limit, { caller, tier, notes: signedIn.notes, tools }, (token) =>
      Object.assign(headers, family.limitHeaders(token, tools.nowMs())),
    );
    const gate = gateOf(admitted);
    // The token is not awaited here: reads run in parallel with its commit, and the gate holds back changes.
    const body = await bodyOf(endpoint, request).catch(async (thrown: unknown) => {
      await admitted;
      throw thrown;
    });
    // If the token is already refused, the request ends here and reads nothing more from the store.
    gate.requireNotRefused();
    if (endpoint.role !== null && !hasRole(caller, endpoint.role)) {
      await admitted;
      throw new Failure('forbidden', `This needs the role ${endpoint.role}.`, { reason: 'role_missing' });
    }
    if (endpoint.whileSuspended === 'refused' && caller.suspendedBecause !== undefined) {
      await admitted;
      requireNotSuspended(caller);
    }
    const checked = check(endpoint, { parameters, query: (family.readQuery ?? parseQuery)(request.query), body });
    const keyHeader = endpoint.idempotent ? request.headers['idempotency-key'] : undefined;
    const wrongKey = checkIdempotencyKey(keyHeader);
    if (!checked.valid || wrongKey.length > 0) {
      await admitted;
      if (checked.valid) throw invalidRequest(wrongKey, 'invalid_idempotency_key');
      throw invalidRequest([...checked.fields, ...wrongKey]);
    }
    reply = await settled(
      handle(
        {
          ...checked.values,
          caller,
          actor: { type: endpoint.role === null ? 'user' : 'admin', id: caller.userId },
          tier,
          requestId,
          idempotencyKey: idempotencyKeyOf(keyHeader, {
            customerId: caller.customerId,
            endpoint: endpoint.name,
            path: request.path,
            body: endpoint.checkBody === null ? '' : body,
          }),
          ifMatch: request.headers['if-match'],
          representation: representationOf(request.headers, body),
        },
        gate,
      ),
      admitted,
    );
  } catch (thrown) {
    const failure = Failure.from(thrown);
    errorId = tools.random.hex(16);
    outcome = failure.reason;
    cause = failure.cause;
    reply = family.failure(failure, { errorId, requestId });
    if (failure.retryAfterSeconds !== undefined) headers['retry-after'] = String(failure.retryAfterSeconds);
    if (failure.allow !== undefined) headers['allow'] = failure.allow.join(', ');
  }
  const hasBody = reply.body !== undefined;
  tools.log.request({
    requestId,
    endpoint: endpoint.name,
    method: request.method,
    path: request.path,
    status: reply.status,
    latencyMs: tools.nowMs() - startedAtMs,
    trace: request.headers['x-cloud-trace-context'] ?? request.headers['traceparent'],
    ...(caller === undefined
      ? { address, forwardedEntries: forwardedEntries(request), forwardedHops: tools.forwardedHops }
      : { userId: caller.userId, customerId: caller.customerId, credential: caller.credential }),
    outcome,
    ...(errorId === undefined ? {} : { errorId }),
    ...(cause === undefined ? {} : { cause }),
  });
  return {
    status: reply.status,
    headers: {
      ...(hasBody ? { 'content-type': reply.contentType ?? 'application/json; charset=utf-8' } : {}),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
      ...reply.headers,
    },
    body: hasBody ? JSON.stringify(reply.body) : '',
  };
}

/**
 * Returns the path's parameters. Throws `not_found` for another path, which was routed to the wrong function, and
 * `method_not_allowed`; HEAD is treated as GET.
 */
function route(endpoint: Endpoint<never, never, never> | Endpoint<unknown, unknown, unknown>, request: WireRequest) {
  const parameters = matchPath(endpoint.path, request.path);
  if (parameters === undefined)
    throw new Failure('not_found', 'There is nothing at this path.', { reason: 'unknown_path' });
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method !== endpoint.method) {
    const allow = endpoint.method === 'GET' ? ['GET', 'HEAD'] : [endpoint.method];
    throw new Failure('method_not_allowed', `This path takes ${allow.join(' or ')}.`, { allow });
  }
  return parameters;
}

/** Reads the body; that of a GET has no meaning (RFC 9110 §9.3.1) and is neither read nor limited. */
async function bodyOf(
  { method }: Pick<Endpoint<never, never, never>, 'method'>,
  request: WireRequest,
): Promise<string> {
  return method === 'GET' ? '' : request.readBody();
}

function representationOf({ prefer, ...headers }: WireRequest['headers'], body: string): Representation {
  if (/(^|[,;\s])return=representation\b/i.test(prefer ?? '')) return 'preferred';
  const isJson = /^application\/json\b/i.test(headers['content-type'] ?? '');
  return isJson && body === '' ? 'expected' : 'none';
}

interface Admission {
  readonly caller: Principal;
  readonly tier: Tier;
  readonly notes: readonly Write[];
  readonly tools: PipelineTools;
}

async function admit(
  operation: LimitedOperation | null,
  admission: Admission,
  onToken: (token: RateLimitToken) => void,
): Promise<void> {
  const { caller, tier, notes, tools } = admission;
  if (operation === null) {
    if (notes.length > 0) await tools.write(notes);
    return;
  }
  const token = await tools.takeToken(caller, tier, operation, notes);
  onToken(token);
  if (!token.granted) throw tools.refusal(token);
}

/**
 * Returns the result of `work` once the token is granted. A refusal takes precedence over errors of `work` and does not
 * wait for `work` to end: the gate discards its changes.
 */
async function settled<T>(work: Promise<T>, admitted: Promise<void>): Promise<T> {
  const answer = work.catch(async (thrown: unknown) => {
    await admitted;
    throw thrown;
  });
  const [result] = await Promise.all([answer, admitted]);
  return result;
}

type Checked<Params, Query, Body> =
  | { readonly valid: true; readonly values: { readonly params: Params; readonly query: Query; readonly body: Body } }
  | { readonly valid: false; readonly fields: readonly InvalidField[] };

/** Validates path, query and body, and returns all errors at once. */
function check<Params, Query, Body>(
  endpoint: Endpoint<Params, Query, Body>,
  input: { readonly parameters: unknown; readonly query: unknown; readonly body: string },
): Checked<Params, Query, Body> {
  const params = run('path', endpoint.checkParams, input.parameters);
  const query = run('query', endpoint.checkQuery, input.query);
  const body =
    endpoint.checkBody === null
      ? { ok: true as const, value: null as Body }
      : run('body', endpoint.checkBody, parseJson(input.body));
  if (params.ok && query.ok && body.ok) {
    return { valid: true, values: { params: params.value, query: query.value, body: body.value } };
  }
  return { valid: false, fields: [params, query, body].flatMap((part) => (part.ok ? [] : part.fields)) };
}

function run<T>(place: InvalidField['place'], test: Check<T>, input: unknown) {
  if (input instanceof InvalidJson) return { ok: false as const, fields: [input.field] };
  const result = test(input);
  return result.valid
    ? { ok: true as const, value: result.value }
    : { ok: false as const, fields: invalidFields(place, result.errors) };
}

class InvalidJson {
  readonly field: InvalidField;

  constructor(message: string) {
    this.field = { place: 'body', pointer: '', message, rule: 'json' };
  }
}

function parseJson(body: string): unknown {
  if (body.trim() === '') return new InvalidJson('is missing: send a JSON object');
  try {
    return JSON.parse(body);
  } catch {
    return new InvalidJson('is not valid JSON');
  }
}
