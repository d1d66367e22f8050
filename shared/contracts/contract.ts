import type { Static, TSchema } from 'typebox';
import type { FailureReason } from '#shared/domain/reasons.ts';
import type { Role } from '#shared/domain/principal.ts';
import type { LimitedOperation } from '#shared/domain/tier.ts';
import type { TopicName } from './topics.ts';

export const FAMILIES = ['compute', 'resource', 'fleet'] as const;
export type FamilyName = (typeof FAMILIES)[number];

/**
 * The services that a function calls. They determine the permissions of its identity and which of Google's clients its
 * bundle may contain.
 */
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

/** `allowed`: no effect, or the action decides itself; `refused`: 403 `customer_suspended`. */
export type WhileSuspended = 'allowed' | 'refused';

/** One documented response; `body` is `null` if it has none. */
export interface Answer {
  readonly status: number;
  readonly description: string;
  readonly body: TSchema | null;
  /** The body for callers that send `Prefer: return=representation`, if `body` is `null`. */
  readonly preferredBody?: TSchema;
  /** Response headers in addition to the family's own (request id, rate limit), by name, each with a description. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An example request and response for the README and the OpenAPI document. */
export interface Example {
  readonly summary: string;
  readonly body?: unknown;
  readonly answer?: unknown;
  /** Status of the response that the example shows; by default the first success. */
  readonly status?: number;
}

/**
 * Runtime settings of a function. Defaults are in `contracts/runtime-defaults.ts`; a contract names only deviations.
 */
export interface FunctionRuntime {
  readonly memoryMb: number;
  readonly cpu: number;
  /** Maximum number of requests that one function instance serves in parallel. */
  readonly concurrency: number;
  readonly timeoutSeconds: number;
  /** Timeout of the gateway, or of one run of a worker; below `timeoutSeconds`. */
  readonly deadlineSeconds: number;
  readonly minInstances: number;
  readonly maxInstances: number;
}

/**
 * The single definition of an endpoint. Types, validators, the public OpenAPI document, the gateway's document and
 * `infra/generated/functions.json` are generated from it.
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
  /** What callers need to know: effects, states, waiting times. */
  readonly description: string;
  /** `null`: any caller with a valid credential. */
  readonly role: Role | null;
  /** The rate limit from which a request takes a token; `null`: no rate limit. */
  readonly limit: LimitedOperation | null;
  /** True if the endpoint supports `Idempotency-Key`. */
  readonly idempotent: boolean;
  /**
   * Whether callers of a suspended customer may use the endpoint; the function `whileSuspended` below has the default.
   */
  readonly whileSuspended?: WhileSuspended;
  readonly clients: readonly Client[];
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly success: readonly Answer[];
  /** Every reason of a failure that the endpoint can return. */
  readonly failures: readonly FailureReason[];
  readonly runtime?: Partial<FunctionRuntime>;
  readonly examples?: readonly Example[];
}

export type ParamsOf<C extends Contract> = Static<C['params']>;
export type QueryOf<C extends Contract> = Static<C['query']>;
export type BodyOf<C extends Contract> = C['body'] extends TSchema ? Static<C['body']> : null;

/** Returns its argument, with the schemas' exact types, which a type annotation would widen. */
export function contract<Params extends ObjectSchema, Query extends ObjectSchema, Body extends TSchema | null>(
  value: Contract<Params, Query, Body>,
): Contract<Params, Query, Body> {
  if (whileSuspended(value) === 'allowed' || value.failures.includes('customer_suspended')) return value;
  return { ...value, failures: [...value.failures, 'customer_suspended'] };
}

/**
 * Returns whether callers of a suspended customer may use the endpoint. By default they may read and delete, because
 * existing resources cost money; other methods are refused unless the contract allows them. Administrators are never
 * refused because of a suspension of their own customer.
 */
export function whileSuspended({
  role,
  method,
  whileSuspended: declared,
}: Pick<Contract, 'role' | 'method' | 'whileSuspended'>): WhileSuspended {
  return declared ?? (role === null && method !== 'GET' && method !== 'DELETE' ? 'refused' : 'allowed');
}

/** A function that is not called by API requests: its trigger and runtime settings. */
export interface WorkerContract {
  /** `power-worker`; also the file: `functions/workers/power-worker.ts`. */
  readonly name: string;
  readonly description: string;
  readonly trigger:
    | {
        readonly type: 'push';
        readonly topic: TopicName;
        readonly ordered: boolean;
        /**
         * Where messages go after `attemptsMax` failed deliveries; `null`: they are delivered until their retention
         * ends.
         */
        readonly deadLetter: { readonly topic: TopicName; readonly attemptsMax: number } | null;
      }
    /** Cron expression, in UTC. */
    | { readonly type: 'schedule'; readonly cron: string };
  readonly identity: WorkerIdentity;
  readonly clients: readonly Client[];
  readonly runtime?: Partial<FunctionRuntime>;
}

/** Service accounts of the functions that are not called by API requests. */
export type WorkerIdentity = 'worker' | 'reconciler';

/**
 * The function for requests that match no endpoint: unknown paths, and known paths with a wrong method. Without it the
 * gateway would respond itself, with its own error format.
 */
export interface FallbackContract {
  readonly name: string;
  readonly family: FamilyName;
  /** `/api/compute/v1` stands for the path itself and everything below it. */
  readonly prefixes: readonly string[];
  readonly description: string;
  readonly clients: readonly Client[];
  readonly runtime?: Partial<FunctionRuntime>;
}

/**
 * The function of the documentation pages, which are the same for all callers and need no credential. Like a fallback,
 * it handles every method of its paths.
 */
export interface PagesContract extends FallbackContract {
  /** Single paths in addition to the prefixes. */
  readonly paths: readonly string[];
}

/**
 * The part of a contract that a function needs at run time: compiled checks instead of schemas. One generated file per
 * function exports it (`.build/endpoints/NAME.ts`, imported as `#endpoints/NAME.ts`).
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
  /** Each check returns the typed value, or all errors. Values of a query are text and are converted. */
  readonly checkParams: Check<Params>;
  readonly checkQuery: Check<Query>;
  /** `null`: the endpoint has no body, and ignores one that is sent. */
  readonly checkBody: Check<Body> | null;
}

/** What the fallback function needs at run time (`.build/endpoints/NAME.ts`, imported as `#endpoints/NAME.ts`). */
export interface Fallback {
  readonly name: string;
  readonly family: FamilyName;
  readonly prefixes: readonly string[];
  /** Every path of the family below the prefixes, with its methods, for 405 responses and their `Allow` header. */
  readonly routes: readonly { readonly path: string; readonly allow: readonly string[] }[];
}

export type Check<T> = (input: unknown) => CheckResult<T>;
export type CheckResult<T> =
  { readonly valid: true; readonly value: T } | { readonly valid: false; readonly errors: readonly CheckError[] };

/** The used part of ajv's error object. */
export interface CheckError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}
