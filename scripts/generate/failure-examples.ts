import recorded from './failure-examples.json' with { type: 'json' };
import type { FamilyName } from '#shared/contracts/contract.ts';

/**
 * Bodies that real failures produced, by family and reason: test/reasons provokes every documented failure, and records
 * one body of each reason with `npm run vitest -- run reasons -u`.
 */
const RECORDED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = recorded;

/** `undefined` for a reason that is too new to have been recorded. */
export function recordedFailure(family: FamilyName, reason: string): unknown {
  return RECORDED[family]?.[reason];
}
