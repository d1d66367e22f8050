import { expect, test } from 'vitest';
import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put, ref, remove } from '#shared/datastore/write.ts';
import { newOrphan } from '#shared/lifecycle/new-orphan.ts';
import { INSTANCE_ID, oneWorker, START_MS } from '#test/support/one-worker.ts';

/*
 * Found by the simulation (seed 4): a delete removed the record, Compute Engine's operation then failed, and the worker
 * looked for the VM through the removed record. It found none and completed the delete while the VM ran.
 */
test('a delete that Compute Engine fails for good is not completed while its VM runs, although the record is gone', async () => {
  const { deliver, operation, store } = await oneWorker('delete', {
    status: () => 'RUNNING',
    end: { reason: 'permission_denied', message: 'Required permission is missing' },
  });
  const row = await store.get(ref(INSTANCE, INSTANCE_ID));
  if (row === undefined) throw new Error('The instance is not on record.');
  const place = { name: INSTANCE_ID, zone: row.value.zone };
  await store.write([remove(row), put(ORPHAN, INSTANCE_ID, newOrphan(place, { why: 'deleted', atMs: START_MS }))]);

  await deliver();

  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'cloud_permission_denied' } });
  expect(await store.get(ref(ORPHAN, INSTANCE_ID))).toBeDefined();
});
