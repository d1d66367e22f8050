import { expect, test } from 'vitest';
import { CloudError } from '#shared/gce/cloud-error.ts';
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

/*
 * Each new call, every fifty minutes, began the worker's hour of patience anew: a delete that Compute Engine refused at
 * once, at each attempt, stayed "running" for ever. So did a forced one whose VM could not be released from its
 * protection.
 */
test.each([
  ['refused', {}, 'delete'],
  [
    'forced, of a VM that cannot be released from its protection',
    { deletionProtection: true },
    'setDeletionProtection',
  ],
] as const)('a delete that is %s ends; the VM stays on the list of those that have to go', async (_, seen, verb) => {
  const refuse = (asked: string) => {
    if (asked === verb) throw new CloudError('permission_denied', 'Required permission is missing');
    if (asked === 'delete') throw new CloudError('not_ready', 'Resource cannot be deleted if it is protected');
  };
  const { deliver, operation, instance, store, pass } = await oneWorker(
    'delete',
    { status: () => 'RUNNING', times: () => seen, request: refuse },
    { instance: { status: 'DELETING' }, operation: { edit: { deletionProtection: false } } },
  );

  for (let minute = 0; minute < 3 * 60 && (await operation())?.completedAtMs === null; minute += 1) {
    await deliver();
    pass(60_000);
  }

  expect(await operation()).toMatchObject({ state: 'failed' });
  expect(await instance()).toBeUndefined();
  expect(await store.get(ref(ORPHAN, INSTANCE_ID))).toBeDefined();
});
