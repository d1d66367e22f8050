import type { Static, TSchema } from 'typebox';
import type { FailureReason } from '#shared/domain/reasons.ts';
import type { Role } from '#shared/domain/principal.ts';
import type { LimitedOperation } from '#shared/domain/tier.ts';
import type { TopicName } from './topics.ts';

export const FAMILIES = ['compute', 'resource', 'fleet'] as const;
export type FamilyName = (typeof FAMILIES)[number];

/** What a function talks to. Decides its identity's permissions, and which of Google's clients its bundle may hold. */
export const CLIENTS = ['datastore', 'pubsub', 'compute'] as const;
export type Client = (typeof CLIENTS)[number];

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * An object schema, by its shape. TypeBox's own `TObject` is no bound for this: it holds the required keys as a tuple,
 * so that an object with two of them is not assignable to it.
 */
export interface ObjectSchema extends TSchema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, TSchema>>;
}

/** `allowed`: as ever; also where the action itself decides. `refused`: 403 `customer_suspended`. */
export type WhileSuspended = 'allowed' | 'refused';

/** One documented answer. `body` is `null` where there is none. */
export interface Answer {
  readonly status: number;
  readonly description: string;
  readonly body: TSchema | null;
  /** The body for those who send `Prefer: return=representation`, where `body` is `null`. */
  readonly preferredBody?: TSchema;
  /** Response headers beyond the family's own (request id, rate limit), by name, with a sentence each. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One example to paste: the request of the README and of the OpenAPI document. */
export interface Example {
  readonly summary: string;
  readonly body?: unknown;
  readonly answer?: unknown;
  /** Which answer it is an example of; the first success when absent. */
  readonly status?: number;
}

/** How the function runs. Everything has a default in `contracts/runtime-defaults.ts`; a contract names what differs. */
export interface FunctionRuntime {
  readonly memoryMb: number;
  readonly cpu: number;
  /** Requests served at once by one function instance. */
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  /** How long the gateway waits for it, or how long one run of a worker may take; below `timeoutSeconds`. */
  readonly deadlineSeconds: number;
  readonly minInstances: number;
  readonly maxInstances: number;
}

/**
 * One endpoint, written down once. Types, validators, the public OpenAPI document, the gateway's document and
 * `infra/generated/functions.json` are all made from it.
 */
export interface Contract<
  Params extends ObjectSchema = ObjectSchema,
  Query extends ObjectSchema = ObjectSchema,
  Body extends TSchema | null = TSchema | null,
> {
  /** Function name, kebab-case, family first: `compute-instances-create`. Also the file: `functions/compute/instances-create.ts`. */
  readonly name: string;
  readonly family: FamilyName;
  readonly method: Method;
  /** Path template; parameters are whole segments: `/api/compute/v1/instances/{id}`. */
  readonly path: string;
  readonly tag: string;
  /** A few words, imperative. */
  readonly summary: string;
  /** What a user needs to know: effects, states, waiting. */
  readonly description: string;
  /** `null`: any caller with a valid credential. */
  readonly role: Role | null;
  /** The limit from which a request takes a token; `null` for endpoints without a rate limit. */
  readonly limit: LimitedOperation | null;
  /** Whether `Idempotency-Key` is honoured. */
  readonly idempotent: boolean;
  /** What a caller of a suspended customer may do; `whileSuspended` below says what holds when absent. */
  readonly whileSuspended?: WhileSuspended;
  readonly clients: readonly Client[];
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly success: readonly Answer[];
  /** Every reason that it can answer with. */
  readonly failures: readonly FailureReason[];
  readonly runtime?: Partial<FunctionRuntime>;
  readonly examples?: readonly Example[];
}

export type ParamsOf<C extends Contract> = Static<C['params']>;
export type QueryOf<C extends Contract> = Static<C['query']>;
export type BodyOf<C extends Contract> = C['body'] extends TSchema ? Static<C['body']> : null;

/** Keeps the schemas' own types, which a plain annotation would widen. */
export function contract<Params extends ObjectSchema, Query extends ObjectSchema, Body extends TSchema | null>(
  value: Contract<Params, Query, Body>,
): Contract<Params, Query, Body> {
  if (whileSuspended(value) === 'allowed' || value.failures.includes('customer_suspended')) return value;
  return { ...value, failures: [...value.failures, 'customer_suspended'] };
}

/**
 * A suspended customer can read, and can delete: what exists costs money. Everything else is refused unless the contract
 * says that it is allowed. Administrators are not held up by a suspension of their own customer.
 */
export function whileSuspended({
  role,
  method,
  whileSuspended: declared,
}: Pick<Contract, 'role' | 'method' | 'whileSuspended'>): WhileSuspended {
  return declared ?? (role === null && method !== 'GET' && method !== 'DELETE' ? 'refused' : 'allowed');
}

/** A function that no API request reaches: what starts it, and how it runs. */
export interface WorkerContract {
  /** `power-worker`; also the file: `functions/workers/power-worker.ts`. */
  readonly name: string;
  readonly description: string;
  readonly trigger:
    | {
        readonly type: 'push';
        readonly topic: TopicName;
        readonly ordered: boolean;
        /** Where messages go after `attemptsMax` deliveries; `null`: they are tried until they are too old. */
        readonly deadLetter: { readonly topic: TopicName; readonly attemptsMax: number } | null;
      }
    /** Unix cron, in UTC. */
    | { readonly type: 'schedule'; readonly cron: string };
  readonly identity: WorkerIdentity;
  readonly clients: readonly Client[];
  readonly runtime?: Partial<FunctionRuntime>;
}

/** Service accounts of the functions that no API request reaches. */
export type WorkerIdentity = 'worker' | 'reconciler';

/**
 * The function that answers what no endpoint does: unknown paths, and known paths with a wrong method. Without it the
 * gateway would answer them itself, in an envelope of its own.
 */
export interface FallbackContract {
  readonly name: string;
  readonly family: FamilyName;
  /** `/api/compute/v1`: itself, and everything below it. */
  readonly prefixes: readonly string[];
  readonly description: string;
  readonly clients: readonly Client[];
  readonly runtime?: Partial<FunctionRuntime>;
}

/**
 * The function of the documentation: pages that are the same for all callers and need no credential. It answers every method of
 * its paths, as a fallback does.
 */
export interface PagesContract extends FallbackContract {
  /** Single paths beside the prefixes. */
  readonly paths: readonly string[];
}

/**
 * What a function knows of its own contract at run time: no schemas, only compiled checks. One generated file per
 * function exports a value of this type (`.build/endpoints/NAME.ts`, imported as `#endpoints/NAME.ts`).
 */
export interface Endpoint<Params, Query, Body> {
  readonly name: string;
  readonly family: FamilyName;
  readonly method: Method;
  readonly path: string;
  readonly role: Role | null;
  readonly limit: LimitedOperation | null;
  readonly idempotent: boolean;
  readonly whileSuspended: WhileSuspended;
  /** Each returns the typed value, or the list of everything that is wrong with it. Query values arrive as text and are converted. */
  readonly checkParams: Check<Params>;
  readonly checkQuery: Check<Query>;
  /** `null`: the endpoint takes no body; whatever is sent is ignored. */
  readonly checkBody: Check<Body> | null;
}

/** What the fallback function knows at run time (`.build/endpoints/NAME.ts`, imported as `#endpoints/NAME.ts`). */
export interface Fallback {
  readonly name: string;
  readonly family: FamilyName;
  readonly prefixes: readonly string[];
  /** Every path of the family below the prefixes, with the methods it has: for 405 and its `Allow`. */
  readonly routes: readonly { readonly path: string; readonly allow: readonly string[] }[];
}

export type Check<T> = (input: unknown) => CheckResult<T>;
export type CheckResult<T> =
  { readonly valid: true; readonly value: T } | { readonly valid: false; readonly errors: readonly CheckError[] };

/** ajv's error, the part of it we use. */
export interface CheckError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}
