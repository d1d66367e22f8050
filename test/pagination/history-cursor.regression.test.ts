import { describe, expect, test } from 'vitest';
import { readHistory } from '#shared/actions/read-history.ts';
import { EVENT } from '#shared/datastore/rows.ts';
import { erase, put, ref } from '#shared/datastore/write.ts';
import { eventId, nextEvent } from '#shared/domain/history.ts';
import { ListCursors } from '#shared/pagination/list-cursors.ts';
import { ALICE } from '#test/http/a-pipeline.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { TEST_PROJECT, testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

/*
 * The compute family's history returned the store's own cursor. A cursor of another instance was accepted and skipped
 * events without notice, and every cursor could be decoded to kind, key and project id.
 */

const OWN = 'tw-550e84-00000001';
const OTHER = 'tw-550e84-00000002';
const BEGAN_MS = 1_700_000_000_000;

/** Creates two instances of Alice with five events each. */
async function harness() {
  const { store } = await testDatastore();
  const cursors = new ListCursors({ store, random: seededRandom(1) });
  const events = [OWN, OTHER].flatMap((id) =>
    Array.from({ length: 5 }, (_, index) =>
      nextEvent(anInstance({ id, eventCount: index }), {
        status: index % 2 === 0 ? 'RUNNING' : 'STOPPING',
        atMs: BEGAN_MS + index,
        cause: 'operation',
        actor: { type: 'user', id: ALICE.userId },
        operationId: null,
      }),
    ),
  );
  await store.write(events.map((event) => put(EVENT, eventId(event.instanceId, event.sequence), event)));
  const read = async (cursor: string | undefined, change: Partial<Parameters<typeof readHistory>[0]> = {}) => {
    const request = { instanceId: OWN, caller: ALICE, limit: 2, cursor, ...change };
    const page = await readHistory(request, { store, cursors });
    return { sequences: page.events.map(({ sequence }) => sequence), cursor: page.cursor };
  };
  return { store, cursors, read };
}

describe('a cursor of another list is refused with the reason, and nothing is skipped', () => {
  test('pages follow each other to the end, each event once', async () => {
    const { read } = await harness();

    const first = await read(undefined);
    const second = await read(first.cursor);
    const third = await read(second.cursor);

    expect([first.sequences, second.sequences, third.sequences]).toEqual([[5, 4], [3, 2], [1]]);
    expect(third.cursor).toBeUndefined();
  });

  test('an event that expires between two pages moves no other', async () => {
    const { store, read } = await harness();
    const { cursor } = await read(undefined);
    await store.write([erase(ref(EVENT, eventId(OWN, 4)))]);

    expect((await read(cursor)).sequences).toEqual([3, 2]);
  });

  test.each([
    ['another instance', { instanceId: OTHER }],
    ['another user', { caller: { ...ALICE, userId: '660e8400-e29b-41d4-a716-446655440000' } }],
    ['another customer', { caller: { ...ALICE, customerId: 'umbrella' } }],
  ])('of %s', async (_, change) => {
    const { read } = await harness();
    const { cursor = '' } = await read(undefined);

    await expect(read(cursor, change)).rejects.toMatchObject({
      kind: 'invalid_request',
      reason: 'invalid_cursor',
      fields: [{ place: 'query', pointer: '/cursor', rule: 'cursor' }],
    });
  });

  test('of another endpoint, made up, or the store’s own', async () => {
    const { store, cursors, read } = await harness();
    const elsewhere = await cursors.seal('3', { list: 'fleet-statuses', caller: ALICE, asked: [OWN] });
    const { EVENTS_OF_INSTANCE } = await import('#shared/datastore/queries.ts');
    const page = await store.query(EVENTS_OF_INSTANCE, { instanceId: { stringValue: OTHER } }, { limit: 2 });

    for (const cursor of [elsewhere, page.cursor ?? 'none', 'bm8', '3', '']) {
      await expect(read(cursor), cursor).rejects.toMatchObject({ reason: 'invalid_cursor' });
    }
  });
});

test('a cursor decodes to neither kind, key, place nor project', async () => {
  const { read } = await harness();
  const { cursor = '' } = await read(undefined);
  const bytes = Buffer.from(cursor, 'base64url');
  const readable = [cursor, bytes.toString('latin1'), bytes.toString('hex')].join('\n');

  for (const told of ['InstanceEvent', OWN, TEST_PROJECT, 'sequence', eventId(OWN, 4)]) {
    expect(readable).not.toContain(told);
    expect(readable).not.toContain(Buffer.from(told).toString('hex'));
  }
});
