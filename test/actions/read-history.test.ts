import { expect, test } from 'vitest';
import { readHistory } from '#shared/actions/read-history.ts';
import { EVENT, INSTANCE } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { put } from '#shared/datastore/write.ts';
import { eventId, nextEvent } from '#shared/domain/history.ts';
import { ListCursors } from '#shared/pagination/list-cursors.ts';
import { ALICE } from '#test/http/a-pipeline.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { storeWith } from '#test/support/store-with.ts';

const cursorsOf = (store: Store) => new ListCursors({ store, random: seededRandom(1) });

test('the history of an instance whose last change is older than what is kept is empty, not unknown', async () => {
  const { store } = await testDatastore();
  const instance = anInstance();
  await store.write([put(INSTANCE, instance.id, instance)]);
  const tools = { store, cursors: cursorsOf(store) };
  const request = { instanceId: instance.id, limit: 10, cursor: undefined };

  expect(await readHistory({ ...request, caller: ALICE }, tools)).toEqual({ events: [], cursor: undefined });
  await expect(readHistory({ ...request, caller: { ...ALICE, groups: ['group2'] } }, tools)).rejects.toMatchObject({
    kind: 'not_found',
  });
  await expect(readHistory({ ...request, instanceId: 'tw-none', caller: ALICE }, tools)).rejects.toMatchObject({
    kind: 'not_found',
  });
});

test("another user's instance takes as many reads as one that never existed", async () => {
  const { store } = await testDatastore();
  const { id } = anInstance();
  const event = nextEvent(anInstance(), {
    status: 'RUNNING',
    atMs: 1_700_000_000_000,
    cause: 'operation',
    actor: { type: 'user', id: ALICE.userId },
    operationId: null,
  });
  await store.write([put(EVENT, eventId(id, event.sequence), event)]);
  const calls = async (instanceId: string) => {
    const names: string[] = [];
    const counted = storeWith(store, {}, (name) => names.push(name));
    const caller = { ...ALICE, groups: ['group2'] };
    const request = { instanceId, caller, limit: 10, cursor: undefined };
    const refused = readHistory(request, { store: counted, cursors: cursorsOf(store) });
    await expect(refused).rejects.toMatchObject({ kind: 'not_found' });
    return names;
  };

  expect(await calls(id)).toEqual(await calls('tw-none'));
});
