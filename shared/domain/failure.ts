import type { Reason, ReasonOf } from './reasons.ts';

/**
 * The kinds of failure that a caller can receive. Each family maps every kind to a status and an error body in an
 * exhaustive table, so that a new kind does not compile until every family supports it.
 */
export const FAILURE_KINDS = [
  'invalid_request',
  'unauthenticated',
  'forbidden',
  'quota_exceeded',
  'not_found',
  'method_not_allowed',
  'conflict',
  'precondition_failed',
  'payload_too_large',
  'request_aborted',
  'unprocessable',
  'rate_limited',
  'cloud_failed',
  'zone_exhausted',
  'not_implemented',
  'unavailable',
  'internal',
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** One invalid part of a request. `pointer` is a JSON pointer into the part that `place` names. */
export interface InvalidField {
  readonly place: 'path' | 'query' | 'header' | 'body';
  /** For example `/template_id`; `""` for the whole part. */
  readonly pointer: string;
  /** A sentence for humans. */
  readonly message: string;
  /** The violated rule, as a JSON Schema keyword (`required`, `type`, `maximum`, …). */
  readonly rule: string;
}

export interface FailureOptions<R extends Reason = Reason> {
  /** Stable word for programs, from the closed list; by default the kind's own word. */
  readonly reason?: R;
  readonly fields?: readonly InvalidField[];
  /** After how many seconds a retry can succeed. */
  readonly retryAfterSeconds?: number;
  /** Methods that the path supports; only with `method_not_allowed`. */
  readonly allow?: readonly string[];
  /** The underlying error; it is logged and never shown to the caller. */
  readonly cause?: unknown;
}

/** Arguments of a failure. If the kind's own word is not a reason, `reason` is required. */
export type FailureArguments = {
  [K in FailureKind]: K extends Reason
    ? readonly [kind: K, message: string, options?: FailureOptions<ReasonOf<K>>]
    : readonly [kind: K, message: string, options: FailureOptions<ReasonOf<K>> & { readonly reason: ReasonOf<K> }];
}[FailureKind];

const SOMETHING_WENT_WRONG =
  'Something went wrong on our side. Please try again, and quote the error id if it persists.';

/**
 * The error that this code throws deliberately. `message` is always safe to show to the caller; internal details belong
 * in `cause`.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  readonly reason: Reason;
  readonly fields: readonly InvalidField[];
  readonly retryAfterSeconds: number | undefined;
  readonly allow: readonly string[] | undefined;

  constructor(...[kind, message, options = {}]: FailureArguments) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    // The types allow the reason to be omitted only if the kind itself is a reason.
    this.reason = options.reason ?? (kind as Reason & FailureKind);
    this.fields = options.fields ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.allow = options.allow;
  }

  /** Converts any other error to `internal`; its text is logged and never shown to the caller. */
  static from(thrown: unknown): Failure {
    return thrown instanceof Failure ? thrown : new Failure('internal', SOMETHING_WENT_WRONG, { cause: thrown });
  }
}
