import { describe, expect, test } from 'vitest';
import { listOperations, type OperationListRequest } from '#shared/actions/list-operations.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import { type Operation, pendingOperation } from '#shared/domain/operation.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { ListCursors } from '#shared/pagination/list-cursors.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const NOW_MS = 1_700_000_000_000;
const ALICE: Principal = {
  userId: '550e8400-e29b-41d4-a716-446655440000',
  customerId: 'acme',
  projects: [],
  groups: ['group1'],
  roles: [],
  tier: 'pro',
  credential: { type: 'jwt', id: 'token-1' },
};
const STRANGER: Principal = { ...ALICE, customerId: 'umbrella' };
const ADMIN: Principal = { ...ALICE, customerId: 'platform', groups: [], roles: ['compute_admin'] };

function operation(number: number, more: Partial<Operation> = {}): Operation {
  const id = `op-${String(number).padStart(3, '0')}`;
  const made = { id, actor: { type: 'user', id: ALICE.userId }, requestId: 'r', atMs: NOW_MS + number } as const;
  return { ...pendingOperation('start', anInstance(), made), ...more };
}

async function harness(operations: readonly Operation[]) {
  const { store } = await testDatastore();
  await store.write(operations.map((one) => put(OPERATION, one.id, one)));
  const tools = { store, cursors: new ListCursors({ store, random: seededRandom(1) }) };
  const list = (more: Partial<OperationListRequest> = {}) =>
    listOperations(
      {
        list: 'test',
        caller: ALICE,
        filters: { customerId: more.caller?.customerId ?? 'acme' },
        sinceMs: undefined,
        limit: 20,
        cursor: undefined,
        cursorName: 'cursor',
        ...more,
      },
      tools,
    );
  return { list };
}

const ids = ({ operations }: { readonly operations: readonly Operation[] }) => operations.map(({ id }) => id);
const FAILED = { state: 'failed', error: { reason: 'zone_exhausted', message: 'No capacity.' } } as const;

test('newest first, a page at a time, each once, while new ones come', async () => {
  const { list } = await harness(Array.from({ length: 7 }, (_, i) => operation(i)));

  const first = await list({ limit: 3 });
  const second = await list({ limit: 3, cursor: first.cursor });
  const third = await list({ limit: 3, cursor: second.cursor });

  expect([...ids(first), ...ids(second), ...ids(third)]).toEqual(
    Array.from({ length: 7 }, (_, i) => `op-${String(6 - i).padStart(3, '0')}`),
  );
  expect(third.cursor).toBeUndefined();
});

test('filters combine, and a time bounds them', async () => {
  const { list } = await harness([
    operation(1, { instanceId: 'tw-a' }),
    operation(2, { instanceId: 'tw-a', ...FAILED }),
    operation(3, { instanceId: 'tw-b', ...FAILED }),
    operation(4, { instanceId: 'tw-a', kind: 'stop' }),
  ]);
  const found = async (filters: OperationListRequest['filters'], sinceMs?: number) =>
    ids(await list({ filters: { customerId: 'acme', ...filters }, sinceMs }));

  expect(await found({ instanceId: 'tw-a' })).toEqual(['op-004', 'op-002', 'op-001']);
  expect(await found({ instanceId: 'tw-a', state: 'failed' })).toEqual(['op-002']);
  expect(await found({ reason: 'zone_exhausted' })).toEqual(['op-003', 'op-002']);
  expect(await found({ kind: 'stop' })).toEqual(['op-004']);
  expect(await found({}, NOW_MS + 3)).toEqual(['op-004', 'op-003']);
});

describe('who sees what', () => {
  test("users see their own customer's, by their groups; administrators those of all", async () => {
    const { list } = await harness([operation(1), operation(2, { visibleBy: ['group9'] })]);

    expect(ids(await list())).toEqual(['op-001']);
    expect(ids(await list({ caller: STRANGER }))).toEqual([]);
    expect(ids(await list({ caller: STRANGER, filters: { customerId: 'acme' } }))).toEqual([]);
    expect(ids(await list({ caller: ADMIN, filters: {} }))).toEqual(['op-002', 'op-001']);
  });

  test('a cursor of another caller, or of other filters, is none', async () => {
    const { list } = await harness(Array.from({ length: 3 }, (_, i) => operation(i)));
    const { cursor } = await list({ limit: 1 });

    for (const more of [{ caller: STRANGER }, { filters: { customerId: 'acme', kind: 'start' } }, { list: 'other' }]) {
      await expect(list({ limit: 1, cursor, ...more })).rejects.toMatchObject({ reason: 'invalid_cursor' });
    }
  });
});
