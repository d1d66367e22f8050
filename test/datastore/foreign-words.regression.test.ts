import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEAD_LETTER, ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import type { Value } from '#shared/datastore/field.ts';
import { KINDS } from '#shared/datastore/kinds.ts';
import { EVENT, INSTANCE, OPERATION, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import { insert, put, ref } from '#shared/datastore/write.ts';
import { recordDeadLetter } from '#shared/workers/record-dead-letter.ts';
import { removeOrphans } from '#shared/workers/remove-orphans.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { INSTANCE_ID, oneWorker, START_MS } from '#test/support/one-worker.ts';
import { ROW_SAMPLES } from './row-samples.ts';

/** Every member of every kind of row whose values are words of a closed list. */
const WORDS = KINDS.flatMap((kind) => Object.keys(kind.words).map((member) => [kind.name, member, kind] as const));

/** A word that this version's lists lack, as a newer version might write it. */
const FOREIGN: Value = { stringValue: 'of_a_newer_version' };

function sampleOf(name: string): Readonly<Record<string, Value>> {
  const { kind, values } = ROW_SAMPLES.find((each) => each.kind.name === name) ?? expect.fail(`${name} has no sample`);
  const [value] = fc.sample(values, { numRuns: 1, seed: 11 });
  return kind.encode(value);
}

test('the kinds of rows have words of closed lists', () => {
  expect(WORDS.map(([name, member]) => `${name}.${member}`)).toEqual(
    expect.arrayContaining([
      'Instance.status',
      'Operation.kind',
      'Operation.state',
      'InstanceEvent.cause',
      'Orphan.why',
    ]),
  );
});

test.each(WORDS)(
  'a row of %s was thrown away for a %s of a newer version: the word is read and written as it is',
  (_, member, kind) => {
    const properties = { ...sampleOf(kind.name), [member]: FOREIGN };

    const written = kind.encode(kind.decode(properties, 'id'));

    expect(written[member]).toMatchObject(FOREIGN);
  },
);

test.each([
  [INSTANCE, 'status', ['statusGroup', 'byStatus']],
  [OPERATION, 'state', ['openSince']],
  [PRICE_PERIOD, 'meter', ['timeline']],
] as const)(
  'properties of %o that follow from a foreign %s keep what the newer version wrote',
  (kind, member, following) => {
    const properties = { ...sampleOf(kind.name), [member]: FOREIGN };

    const written = kind.encode(kind.decode(properties, 'id') as never);

    for (const name of following) {
      expect(properties).toHaveProperty(name);
      expect(written).not.toHaveProperty(name);
    }
  },
);

describe('an operation of a newer version', () => {
  const kindOf = (kind: string) => ({ operation: { kind: kind as never } });

  test('failed, because an old worker could not read it: it is left as it was, call for call', async () => {
    const { deliver, store, requests, looks } = await oneWorker('stop', { status: () => 'RUNNING' }, kindOf('suspend'));
    const before = await store.get(ref(OPERATION, 'op-1'));

    const verdict = await deliver();

    expect(verdict).toBe('waiting');
    expect(await store.get(ref(OPERATION, 'op-1'))).toEqual(before);
    expect([requests, looks()]).toEqual([[], 0]);
  });

  test.each([
    ['state', { state: 'cancelling' as never }],
    [
      'call',
      {
        call: {
          verb: 'suspend',
          requestId: 'r',
          askedAtMs: START_MS,
          zoneOperation: null,
          done: false,
          mayBeApplied: true,
        } as never,
      },
    ],
  ])('whose %s is not known is left as it was', async (_, operation) => {
    const { deliver, store, requests } = await oneWorker('stop', { status: () => 'RUNNING' }, { operation });
    const before = await store.get(ref(OPERATION, 'op-1'));

    expect(await deliver()).toBe('waiting');
    expect(await store.get(ref(OPERATION, 'op-1'))).toEqual(before);
    expect(requests).toEqual([]);
  });

  test('is recorded when its message is dead, and not given up', async () => {
    const { tools, store, pass } = await oneWorker('stop', { status: () => 'RUNNING' }, kindOf('suspend'));
    const before = await store.get(ref(OPERATION, 'op-1'));
    pass(48 * 60 * 60_000);

    const message = { operationId: 'op-1', instanceId: INSTANCE_ID };
    await recordDeadLetter({ messageId: 'm-1', data: message, attributes: {} } as never, tools);

    expect(await store.get(ref(DEAD_LETTER, 'm-1'))).toBeDefined();
    expect(await store.get(ref(OPERATION, 'op-1'))).toEqual(before);
  });

  test('outlives the delete of its instance, which ends the operations that this version knows', async () => {
    const cloud = { gone: false };
    const { deliver, store } = await oneWorker(
      'delete',
      { status: () => (cloud.gone ? undefined : 'RUNNING'), request: () => void (cloud.gone = true) },
      {
        instance: {
          queue: [
            { id: 'op-1', kind: 'delete' },
            { id: 'op-2', kind: 'stop' },
            { id: 'op-3', kind: 'suspend' as never },
          ],
        },
      },
    );
    const known = await store.get(ref(OPERATION, 'op-2'));
    await store.write([
      insert(OPERATION, 'op-3', { ...(known?.value ?? expect.fail()), id: 'op-3', kind: 'suspend' as never }),
    ]);

    await deliver();

    expect(await store.get(ref(INSTANCE, INSTANCE_ID))).toBeUndefined();
    expect((await store.get(ref(OPERATION, 'op-2')))?.value.state).toBe('failed');
    expect((await store.get(ref(OPERATION, 'op-3')))?.value).toMatchObject({ kind: 'suspend', state: 'pending' });
  });

  test('keeps its place and its word in the queue when this version takes up what is before it', async () => {
    const queue = [
      { id: 'op-1', kind: 'stop' as const },
      { id: 'op-2', kind: 'suspend' as never, resizeTo: 'e2-small' } as never,
    ];
    let status = 'RUNNING';
    const { deliver, instance, published } = await oneWorker(
      'stop',
      { status: () => status, request: () => void (status = 'TERMINATED') },
      { instance: { queue } },
    );

    expect(await deliver()).toBe('done');

    expect((await instance())?.queue).toEqual([queue[1]]);
    expect(published).toEqual(['op-2']);
  });
});

test('a VM that must go for a reason of a newer version was deleted at once: it is left to that version', async () => {
  const { tools, store, requests } = await oneWorker('stop', { status: () => 'RUNNING' });
  await store.write([
    put(ORPHAN, 'tw-000000-00000000', {
      name: 'tw-000000-00000000',
      zone: 'us-central1-a',
      why: 'kept_for_inspection' as never,
      foundAtMs: START_MS,
      deleteAtMs: START_MS,
      absentFromMs: START_MS,
      dueAtMs: START_MS,
      stoppedAtMs: null,
      attempts: 0,
      operationId: '',
      customerId: '',
    }),
  ]);

  await removeOrphans({ unrecorded: true, keptMs: 1 }, tools);

  expect(requests).toEqual([]);
  expect(await store.get(ref(ORPHAN, 'tw-000000-00000000'))).toBeDefined();
});

test('a history event of a newer version keeps its instance readable', async () => {
  const { store } = await oneWorker('stop', { status: () => 'RUNNING' });
  const properties = { ...sampleOf('InstanceEvent'), cause: FOREIGN, status: FOREIGN };
  const event = EVENT.decode(properties, 'id');
  await store.write([insert(EVENT, 'e-1', event)]);

  expect((await store.get(ref(EVENT, 'e-1')))?.value).toMatchObject({
    cause: 'of_a_newer_version',
    status: 'of_a_newer_version',
  });
  expect(anInstance({ status: 'HIBERNATED' as never }).status).toBe('HIBERNATED');
});
