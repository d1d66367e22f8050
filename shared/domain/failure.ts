import type { Reason, ReasonOf } from './reasons.ts';

/**
 * What can go wrong for a caller. Each family maps every kind to a status and an envelope in an exhaustive table, so a
 * new kind does not compile until every family has said how it looks.
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

/** One thing that is wrong with a request. `pointer` is a JSON pointer into the part of the request that `place` names. */
export interface InvalidField {
  readonly place: 'path' | 'query' | 'header' | 'body';
  /** `/template_id`; `""` for the whole of the place. */
  readonly pointer: string;
  /** One sentence for people. */
  readonly message: string;
  /** The rule that was broken, in JSON Schema's words (`required`, `type`, `maximum`, …). */
  readonly rule: string;
}

export interface FailureOptions<R extends Reason = Reason> {
  /** Stable word for programs, from the closed list; the kind's own word when there is nothing more to say. */
  readonly reason?: R;
  readonly fields?: readonly InvalidField[];
  /** When asking again can succeed. */
  readonly retryAfterSeconds?: number;
  /** Methods the path does know; only with `method_not_allowed`. */
  readonly allow?: readonly string[];
  /** What happened underneath: for the log, never for the caller. */
  readonly cause?: unknown;
}

/** Kind, message and options. A kind whose own word is not a reason needs one of its reasons. */
export type FailureArguments = {
  [K in FailureKind]: K extends Reason
    ? readonly [kind: K, message: string, options?: FailureOptions<ReasonOf<K>>]
    : readonly [kind: K, message: string, options: FailureOptions<ReasonOf<K>> & { readonly reason: ReasonOf<K> }];
}[FailureKind];

const SOMETHING_WENT_WRONG =
  'Something went wrong on our side. Please try again, and quote the error id if it persists.';

/** The one error that is thrown on purpose. `message` is always safe to show; what is not belongs in `cause`. */
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
    // The arguments leave the reason out only where the kind is one.
    this.reason = options.reason ?? (kind as Reason & FailureKind);
    this.fields = options.fields ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.allow = options.allow;
  }

  /** Anything that was not thrown on purpose becomes `internal`: its text goes to the log, never to the caller. */
  static from(thrown: unknown): Failure {
    return thrown instanceof Failure ? thrown : new Failure('internal', SOMETHING_WENT_WRONG, { cause: thrown });
  }
}
