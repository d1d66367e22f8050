import { expect, test } from 'vitest';
import { EVENT, INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { Compute, type Machine } from '#shared/gce/compute.ts';
import { syncInstance } from '#shared/lifecycle/sync-instance.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords } from '#test/support/cloud-and-records.ts';
import { STOP_SECONDS } from '#test/support/compute-cloud.ts';

/** A Compute Engine adapter that runs `meanwhile` after a list was read and before it is used. */
class SlowToList extends Compute {
  meanwhile: () => Promise<void> = () => Promise.resolve();

  override async *list(): AsyncGenerator<readonly Machine[]> {
    for await (const page of super.list()) {
      await this.meanwhile();
      yield page;
    }
  }
}

const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 24 * 60 * 60_000 };

/** Creates a world whose list of VMs can be delayed, and records what is published. */
async function harness(publish?: (messages: readonly OperationMessage[]) => void) {
  let slow: SlowToList | undefined;
  const world = await cloudAndRecords({
    ...(publish === undefined ? {} : { publish }),
    computeOf: (options) => (slow = new SlowToList(options)),
  });
  if (slow === undefined) throw new Error('The adapter was not made.');
  return { ...world, compute: slow };
}

test('a list that is older than the record does not take the record back to what was', async () => {
  const { cloud, store, compute, tools } = await harness();
  const { id } = anInstance();
  await cloud.running(id, { labels: { 'compute-api': 'test' } });
  await store.write([put(INSTANCE, id, anInstance({ status: 'RUNNING', statusSyncedAtMs: tools.nowMs() }))]);
  await sweep(SETTINGS, tools);
  const before = await store.get(ref(INSTANCE, id));
  compute.meanwhile = async () => {
    await cloud.instances.stop(cloud.at(id));
    cloud.clock.advance(STOP_SECONDS);
    await syncInstance(id, { cause: 'cloud event' }, tools);
  };

  const report = await sweep(SETTINGS, tools);

  const after = await store.get(ref(INSTANCE, id));
  const last = after?.value.eventCount ?? 0;
  expect(report).toMatchObject({ failures: 0, machines: 1, records: 1 });
  expect(before?.value.status).toBe('RUNNING');
  expect(after?.value.status).toBe('TERMINATED');
  expect(last).toBeGreaterThan(before?.value.eventCount ?? 0);
  expect((await store.get(ref(EVENT, `${id}|${String(last).padStart(8, '0')}`)))?.value).toMatchObject({
    status: 'TERMINATED',
    cause: 'cloud event',
  });
});

test('the many waiting operations of one customer do not hide those of others, and only those that may run now are published', async () => {
  const published: string[] = [];
  const { store, tools } = await harness((messages) => {
    published.push(...messages.map(({ operationId }) => operationId));
  });
  const actor = { type: 'user' as const, id: 'alice' };
  const atMs = tools.nowMs() - 60_000;
  const operations = (instanceId: string, count: number, ageMs: number) =>
    Array.from({ length: count }, (_, i) =>
      pendingOperation(i % 2 === 0 ? 'stop' : 'start', anInstance({ id: instanceId }), {
        id: `op-${instanceId}-${String(i).padStart(4, '0')}`,
        actor,
        requestId: 'request-1',
        atMs: atMs - ageMs,
      }),
    );
  const many = operations('tw-busy', 1_200, 60_000);
  const one = operations('tw-quiet', 1, 0);
  const orphan = operations('tw-gone', 1, 0);
  for (const [id, queue] of [
    ['tw-busy', many],
    ['tw-quiet', one],
  ] as const) {
    const queued = queue.map((operation) => ({ id: operation.id, kind: operation.kind }));
    await store.write([put(INSTANCE, id, anInstance({ id, queue: queued }))]);
  }
  for (let from = 0; from < many.length; from += 400) {
    await store.write(many.slice(from, from + 400).map((operation) => put(OPERATION, operation.id, operation)));
  }
  await store.write([...one, ...orphan].map((operation) => put(OPERATION, operation.id, operation)));

  const report = await sweep(SETTINGS, tools);

  expect(published.sort()).toEqual(['op-tw-busy-0000', 'op-tw-gone-0000', 'op-tw-quiet-0000']);
  expect(report).toMatchObject({ republished: 3 });
  expect(report.oldestOpenSeconds).toBe(120);
});
