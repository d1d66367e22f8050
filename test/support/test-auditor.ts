import type { Auditor } from '#shared/datastore/audit-rows.ts';

let count = 0;

/** An auditor for tests that are about something else: a fixed actor, counted ids. */
export function testAuditor(nowMs: () => number = () => 0): Auditor {
  return {
    actor: { type: 'command_line', id: 'local, tester' },
    requestId: 'test-run',
    nowMs,
    hex: (bytes) => (count += 1).toString(16).padStart(bytes * 2, '0'),
  };
}
