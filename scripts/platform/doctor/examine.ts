import { checkCatalogue, checkDisks, checkInjectedFaults, checkLatency, checkMachines } from './cloud-checks.ts';
import { checkFunctions } from './function-checks.ts';
import type { Check, CheckName, DoctorTools, Finding } from './finding.ts';
import {
  checkCustomers,
  checkDeadLetters,
  checkIndexes,
  checkKeys,
  checkOperations,
  checkSweep,
} from './store-checks.ts';
import { checkSubscriptions } from './subscription-check.ts';

const EXAMINATIONS: readonly (readonly [CheckName, Check])[] = [
  ['indexes', checkIndexes],
  ['sweep', checkSweep],
  ['operations', checkOperations],
  ['dead letters', checkDeadLetters],
  ['subscriptions', checkSubscriptions],
  ['machines', checkMachines],
  ['disks', checkDisks],
  ['catalogue', checkCatalogue],
  ['customers', checkCustomers],
  ['keys', checkKeys],
  ['functions', checkFunctions],
  ['latency', checkLatency],
  ['injected faults', checkInjectedFaults],
];

/** Runs all checks. A check that throws is reported as a finding and does not prevent the others. */
export async function examine(
  tools: DoctorTools,
  onCheck: (name: CheckName, findings: readonly Finding[]) => void = () => undefined,
): Promise<readonly Finding[]> {
  const all: Finding[] = [];
  for (const [name, check] of EXAMINATIONS) {
    const findings = await check(tools).catch((thrown: unknown): readonly Finding[] => [
      {
        severity: 'fault',
        check: name,
        finding: `The check could not be made: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
        repair: 'Mend what it says, and run the doctor again.',
      },
    ]);
    onCheck(name, findings);
    all.push(...findings);
  }
  return all;
}
