import type { SignIn } from '#shared/auth/authenticator.ts';
import { readCredential } from '#shared/auth/credential.ts';
import type { Gate } from '#shared/concurrency/gate.ts';
import type { Check, CheckError, Endpoint } from '#shared/contracts/contract.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { tokenAt, windowAt } from '#shared/domain/rate-limit.ts';
import { LIMITED_OPERATIONS, type LimitedOperation, type Tier } from '#shared/domain/tier.ts';
import { computeFamily } from '#shared/families/compute/family-adapter.ts';
import { serve, type Call, type Pipeline, type PipelineTools, type RequestLine } from '#shared/http/pipeline.ts';
import type { Reply } from '#shared/contracts/reply.ts';
import type { WireRequest } from '#shared/http/request.ts';

export const NOW_MS = 1_700_000_005_000;

export const ALICE: Principal = {
  userId: '550e8400-e29b-41d4-a716-446655440000',
  customerId: 'acme',
  projects: [],
  groups: ['group1'],
  roles: [],
  tier: 'pro',
  credential: { type: 'key', id: 'ak_live_0123456789abcdef' },
};

export const TIER: Tier = {
  name: 'pro',
  maxInstances: 3,
  maxVolumeGb: 100,
  perMinute: Object.fromEntries(LIMITED_OPERATIONS.map((name) => [name, 10])) as Record<LimitedOperation, number>,
};

interface Params {
  readonly id: string;
}
type Query = Readonly<Record<string, unknown>>;
interface Body {
  readonly name: string;
}
export type TestEndpoint = Endpoint<Params, Query, Body>;
export type TestCall = Call<Params, Query, Body>;

/** What a test may vary about one request. */
export interface Circumstances {
  readonly endpoint?: Partial<TestEndpoint>;
  /** Checks the credentials; throws if they are wrong. */
  readonly signIn?: () => Promise<SignIn>;
  /** How often the limit was used up to and including this request; the tier's limit is 10. */
  readonly token?: number;
  readonly limit?: number;
  /** Resolves when the rate-limit token is granted; by default at once. */
  readonly spent?: () => Promise<void>;
  readonly handle?: (call: TestCall, gate: Gate) => Promise<Reply>;
  readonly readBody?: () => Promise<string>;
}

/** Serves one request and returns every step that was taken, in order. */
export async function served(request: Partial<WireRequest>, circumstances: Circumstances = {}) {
  const steps: string[] = [];
  const lines: RequestLine[] = [];
  const calls: TestCall[] = [];
  const addresses: string[] = [];
  const written: number[] = [];
  const step = <T>(name: string, value: T): T => {
    steps.push(name);
    return value;
  };
  let errors = 0;
  const tools: PipelineTools = {
    nowMs: () => NOW_MS,
    random: {
      hex: (bytes) => step('random', String((errors += 1)).padStart(bytes * 2, '0')),
      fraction: () => 0,
    },
    signIn: async (_, address) => {
      addresses.push(address);
      return step('signIn', await (circumstances.signIn ?? (async () => ({ principal: ALICE, notes: [] })))());
    },
    tier: async () => step('tier', TIER),
    takeToken: async (_caller, _tier, operation) => {
      await circumstances.spent?.();
      return step(
        'takeToken',
        tokenAt(operation, circumstances.limit ?? 10, circumstances.token ?? 1, windowAt(NOW_MS)),
      );
    },
    refusal: () => new Failure('rate_limited', 'Too many requests.', { retryAfterSeconds: 55 }),
    write: async (notes) => void written.push(notes.length),
    forwardedHops: 1,
    log: { request: (line) => void lines.push(line) },
  };
  const recorded = <T>(name: string, check: Check<T>): Check<T> => {
    return (input) => step(name, check(input));
  };
  const endpoint: TestEndpoint = {
    name: 'test-things-rename',
    family: 'compute',
    method: 'POST',
    path: '/things/{id}',
    role: null,
    limit: 'create',
    idempotent: true,
    whileSuspended: 'refused',
    checkParams: recorded('checkParams', (input) => ({ valid: true, value: input as Params })),
    checkQuery: recorded('checkQuery', (input) =>
      Object.keys(input as Query).length === 0
        ? { valid: true, value: {} }
        : { valid: false, errors: [problem('', 'additionalProperties', { additionalProperty: 'colour' })] },
    ),
    checkBody: recorded('checkBody', (input) =>
      isNamed(input)
        ? { valid: true, value: input }
        : { valid: false, errors: [problem('', 'required', { missingProperty: 'name' })] },
    ),
    ...circumstances.endpoint,
  };
  const pipeline: Pipeline<Params, Query, Body> = {
    endpoint,
    family: {
      ...computeFamily,
      credential: (headers) => step('credential', readCredential(headers)),
    },
    handle: async (call, gate) => {
      steps.push('handle');
      calls.push(call);
      return circumstances.handle === undefined
        ? { status: 200, body: { id: call.params.id } }
        : circumstances.handle(call, gate);
    },
    tools,
  };
  const reply = await serve(pipeline, {
    method: 'POST',
    path: '/things/tw-1',
    query: '',
    headers: { 'x-request-id': 'request-0001' },
    peer: '10.0.0.9',
    readBody: async () => step('readBody', await (circumstances.readBody ?? (async () => '{"name":"n"}'))()),
    ...request,
  });
  const body: unknown = reply.body === '' ? undefined : JSON.parse(reply.body);
  return { reply, body, steps: steps.filter((name) => name !== 'random'), lines, calls, addresses, written };
}

function isNamed(input: unknown): input is Body {
  return typeof input === 'object' && input !== null && 'name' in input && typeof input.name === 'string';
}

function problem(instancePath: string, keyword: string, params: Readonly<Record<string, unknown>>): CheckError {
  return { instancePath, keyword, params };
}
