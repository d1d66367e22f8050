import type { Auditor } from '#shared/datastore/audit-rows.ts';

let count = 0;

/** Returns an auditor for tests that are not about auditing: with a fixed actor and counted ids. */
export function testAuditor(nowMs: () => number = () => 0): Auditor {
  return {
    actor: { type: 'command_line', id: 'local, tester' },
    requestId: 'test-run',
    nowMs,
    hex: (bytes) => (count += 1).toString(16).padStart(bytes * 2, '0'),
  };
}
