import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import { createCustomer } from '#shared/accounts/customers.ts';
import { createUser } from '#shared/accounts/users.ts';
import { aCatalog } from '#test/catalog/a-catalog.ts';
import { countedBytes, testDatastore } from '#test/support/datastore.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

export const ALICE = '550e8400-e29b-41d4-a716-446655440000';
export const NOW_MS = Date.UTC(2026, 5, 1);

/** Opens a store with tiers but without users, a clock that tests can set, and counted random bytes. */
export async function accountsHarness() {
  const { store, emulator, address, faults } = await testDatastore();
  await applyCatalog(store, { tiers: aCatalog().tiers }, { auditor: testAuditor() });
  const clock = { ms: NOW_MS, nowMs: () => clock.ms };
  const by = { actor: { type: 'command_line', id: 'local, tester' }, requestId: 'test-run' } as const;
  return { context: { store, clock, random: countedBytes(), by }, store, clock, emulator, address, faults };
}

/** Adds customer acme on tier pro and its user alice to such a store. */
export async function aliceHarness() {
  const harness = await accountsHarness();
  await createCustomer(harness.context, { id: 'acme', tier: 'pro' });
  await createUser(harness.context, { id: ALICE, customerId: 'acme', groups: ['group1'], name: 'Alice' });
  return harness;
}
