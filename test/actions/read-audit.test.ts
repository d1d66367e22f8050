import { expect, test } from 'vitest';
import { listAudit, readAudit } from '#shared/actions/read-audit.ts';
import { AUDIT_ENTRY, auditWrite } from '#shared/datastore/audit-rows.ts';
import { AUDIT_RETENTION_MS } from '#shared/datastore/retention.ts';
import type { AuditAction } from '#shared/domain/audit.ts';
import { ListCursors } from '#shared/pagination/list-cursors.ts';
import { testDatastore } from '#test/support/datastore.ts';

const START_MS = 1_700_000_000_000;

/** Writes entries a second apart, the oldest first. */
async function trail(
  entries: readonly { readonly actor: string; readonly object: string; readonly action: AuditAction }[],
) {
  const { store } = await testDatastore();
  let count = 0;
  for (const [second, { actor, ...change }] of entries.entries()) {
    const auditor = {
      actor: { type: 'command_line', id: actor },
      requestId: `run-${second}`,
      nowMs: () => START_MS + second * 1000,
      hex: (bytes: number) => (count += 1).toString(16).padStart(bytes * 2, '0'),
    } as const;
    await store.write([auditWrite(auditor, change)]);
  }
  return store;
}

const THREE = [
  { actor: 'jane', object: 'customer acme', action: 'customer.create' },
  { actor: 'joe', object: 'customer acme', action: 'customer.set_tier' },
  { actor: 'jane', object: 'customer umbrella', action: 'customer.set_tier' },
] as const;

const admin = { userId: 'u', customerId: 'platform', projects: [], groups: [], roles: [], tier: 't' } as const;
const caller = { ...admin, credential: { type: 'session', id: 's' } } as const;

test('newest first, by any of the filters together', async () => {
  const store = await trail(THREE);
  const runs = async (query: Parameters<typeof readAudit>[0]) =>
    (await readAudit(query, { limit: 10 }, { store })).entries.map(({ requestId }) => requestId);

  expect(await runs({})).toEqual(['run-2', 'run-1', 'run-0']);
  expect(await runs({ actorId: 'jane' })).toEqual(['run-2', 'run-0']);
  expect(await runs({ object: 'customer acme' })).toEqual(['run-1', 'run-0']);
  expect(await runs({ action: 'customer.set_tier', actorId: 'jane' })).toEqual(['run-2']);
  expect(await runs({ action: 'customer.set_tier', object: 'customer acme', actorId: 'joe' })).toEqual(['run-1']);
  expect(await runs({ action: 'customer.delete' })).toEqual([]);
});

test('both bounds of time include their moment', async () => {
  const store = await trail(THREE);
  const runs = async (query: Parameters<typeof readAudit>[0]) =>
    (await readAudit(query, { limit: 10 }, { store })).entries.map(({ requestId }) => requestId);

  expect(await runs({ sinceMs: START_MS + 1000 })).toEqual(['run-2', 'run-1']);
  expect(await runs({ untilMs: START_MS + 1000 })).toEqual(['run-1', 'run-0']);
  expect(await runs({ sinceMs: START_MS + 1000, untilMs: START_MS + 1000 })).toEqual(['run-1']);
  expect(await runs({ sinceMs: START_MS + 2001 })).toEqual([]);
});

test('pages meet without a gap, also when an entry is added in between; a cursor opens for its own list alone', async () => {
  const store = await trail(THREE);
  const cursors = new ListCursors({ store, random: { hex: (bytes) => '5'.repeat(bytes * 2), fraction: () => 0 } });
  const first = await listAudit({ caller, query: {}, limit: 2, cursor: undefined }, { store, cursors });
  await store.write([
    auditWrite(
      {
        actor: { type: 'system', id: 'x' },
        requestId: 'late',
        nowMs: () => START_MS + 9000,
        hex: () => 'ffffffffffff',
      },
      { action: 'catalog.apply', object: 'catalog' },
    ),
  ]);

  const second = await listAudit({ caller, query: {}, limit: 2, cursor: first.cursor }, { store, cursors });

  expect(first.entries.map(({ requestId }) => requestId)).toEqual(['run-2', 'run-1']);
  expect(second.entries.map(({ requestId }) => requestId)).toEqual(['run-0']);
  expect(second.cursor).toBeUndefined();
  await expect(
    listAudit({ caller, query: { actorId: 'jane' }, limit: 2, cursor: first.cursor }, { store, cursors }),
  ).rejects.toMatchObject({ reason: 'invalid_cursor' });
});

test('an entry is kept for 400 days', () => {
  expect(AUDIT_RETENTION_MS).toBe(400 * 86_400_000);
  const entry = { id: 'a', atMs: START_MS, actorType: 'system', actorId: 'x', action: 'catalog.apply' } as const;
  const more = { object: 'catalog', reason: '', before: null, after: null, requestId: 'r' } as const;

  const { expireAt } = AUDIT_ENTRY.encode({ ...entry, ...more });

  expect(Number(expireAt?.timestampValue?.seconds) * 1000).toBe(START_MS + AUDIT_RETENTION_MS);
});

test('a change that is too long for a row keeps the names of what changed', async () => {
  const { store } = await testDatastore();
  const after = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`tier t${i}`, { text: 'x'.repeat(500) }]));
  const auditor = { actor: { type: 'system', id: 'x' }, requestId: 'r', nowMs: () => 1, hex: () => '00' } as const;

  await store.write([auditWrite(auditor, { action: 'catalog.apply', object: 'catalog', after })]);

  const { entries } = await readAudit({}, { limit: 1 }, { store });
  expect(entries[0]?.after).toMatchObject({ truncated: true });
  expect((entries[0]?.after?.['members'] as string[])[1]).toBe('tier t1');
});
