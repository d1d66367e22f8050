import { Failure, type FailureArguments, type FailureKind } from '#shared/domain/failure.ts';
import { REASONS, type Reason } from '#shared/domain/reasons.ts';

/** A failure of a kind, with the first of its reasons. */
export function aFailure(kind: FailureKind, message: string): Failure {
  const reason = Object.keys(REASONS).find((name) => REASONS[name as Reason].kind === kind);
  if (reason === undefined) throw new Error(`No reason has the kind ${kind}.`);
  // The list says that the reason belongs to the kind.
  return new Failure(...([kind, message, { reason }] as unknown as FailureArguments));
}
