import { expect, test } from 'vitest';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import { type Operation, pendingOperation } from '#shared/domain/operation.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords } from '#test/support/cloud-and-records.ts';

const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 24 * 60 * 60_000 };

/** Whether the sweep publishes an operation that a process with another clock has written. */
async function isPublished(written: (nowMs: number) => Partial<Operation>): Promise<boolean> {
  const published: string[] = [];
  const { store, tools } = await cloudAndRecords({
    publish: (messages) => void published.push(...messages.map(({ operationId }) => operationId)),
  });
  const nowMs = tools.nowMs();
  const instance = anInstance({ queue: [{ id: 'op-1', kind: 'stop' }] });
  const actor = { type: 'user' as const, id: 'alice' };
  const operation = {
    ...pendingOperation('stop', instance, { id: 'op-1', actor, requestId: 'request-1', atMs: nowMs - 120_000 }),
    ...written(nowMs),
  };
  await store.write([put(INSTANCE, instance.id, instance), put(OPERATION, 'op-1', operation)]);

  await sweep(SETTINGS, tools);

  return published.includes('op-1');
}

/*
 * A process whose clock was ten minutes ahead postponed or accepted an operation, which then was not started for ten
 * minutes.
 */
test.each<[string, (nowMs: number) => Partial<Operation>, boolean]>([
  ['put off for half a minute', (nowMs) => ({ dueAtMs: nowMs + 30_000 }), false],
  ['put off by a clock that was ahead', (nowMs) => ({ dueAtMs: nowMs + 600_000 }), true],
  ['accepted a moment ago', (nowMs) => ({ createdAtMs: nowMs - 1_000 }), false],
  ['accepted by a clock that was ahead', (nowMs) => ({ createdAtMs: nowMs + 600_000 }), true],
])('an operation %s: taken up by the sweep only when its time can be true', async (_, written, expected) => {
  expect(await isPublished(written)).toBe(expected);
});
