import { Failure, type FailureArguments, type FailureKind } from '#shared/domain/failure.ts';
import { REASONS, type Reason } from '#shared/domain/reasons.ts';

/** Returns a failure of this kind, with the first reason that the kind has. */
export function aFailure(kind: FailureKind, message: string): Failure {
  const reason = Object.keys(REASONS).find((name) => REASONS[name as Reason].kind === kind);
  if (reason === undefined) throw new Error(`No reason has the kind ${kind}.`);
  // The cast is safe: REASONS maps this reason to this kind.
  return new Failure(...([kind, message, { reason }] as unknown as FailureArguments));
}
