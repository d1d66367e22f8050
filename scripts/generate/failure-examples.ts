import recorded from './failure-examples.json' with { type: 'json' };
import type { FamilyName } from '#shared/contracts/contract.ts';

/**
 * Bodies of real failures, by family and reason. test/reasons provokes every documented failure and records one body
 * per reason with `npm run vitest -- run reasons -u`.
 */
const RECORDED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = recorded;

/** Returns the recorded body; `undefined` for a reason that is too new to have one. */
export function recordedFailure(family: FamilyName, reason: string): unknown {
  return RECORDED[family]?.[reason];
}
