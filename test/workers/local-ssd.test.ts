import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { expect, test } from 'vitest';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { erase, put, ref } from '#shared/datastore/write.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { ZONE } from '#test/support/compute-cloud.ts';

const DAY_MS = 86_400_000;
const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * DAY_MS };
const ID = 'tw-550e84-00000001';
const OTHER = 'tw-550e84-00000002';
const LOCAL_SSD = {
  type: 'SCRATCH',
  autoDelete: true,
  initializeParams: { diskType: `zones/${ZONE}/diskTypes/local-ssd` },
};

/** Creates a running VM with Local SSD and the deployment's label, and its record. */
async function world(discardLocalSsd: boolean) {
  const at = await cloudAndRecords({ bootSeconds: 1, stopSeconds: 1, clock: new ShiftableClock() });
  const boot = {
    boot: true,
    autoDelete: true,
    initializeParams: { sourceImage: 'projects/debian-cloud/global/images/family/debian-12', diskSizeGb: '10' },
  };
  await at.cloud.insert(ID, {
    machineType: `zones/${ZONE}/machineTypes/n2-standard-2`,
    disks: [boot, LOCAL_SSD],
    labels: OUR_LABEL,
  });
  at.cloud.clock.advance(600);
  const machine = { ...anInstance().machine, machineType: 'n2-standard-2', localSsds: 1, discardLocalSsd };
  await at.put(anInstance({ id: ID, machine }));
  return { ...at, status: () => at.cloud.emulator.machines().find(({ name }) => name === ID)?.status };
}

async function stop(at: Awaited<ReturnType<typeof world>>) {
  const instance = (await at.instance(ID)) ?? expect.fail('no record');
  const actor = { type: 'user' as const, id: instance.userId };
  const operation = pendingOperation('stop', instance, { id: 'op-1', actor, requestId: 'r', atMs: at.tools.nowMs() });
  const queue = [{ id: operation.id, kind: 'stop' as const }];
  await at.store.write([put(OPERATION, operation.id, operation), put(INSTANCE, ID, { ...instance, queue })]);
  const run = () =>
    runOperation({ operationId: operation.id, instanceId: ID }, at.tools, {
      worker: 'worker-1',
      waitMs: 200,
      atWork: new CustomersAtWork(),
    });
  await run();
  at.cloud.clock.advance(60);
  await run();
  return at.operation(operation.id);
}

test('a stop that may lose the data on Local SSD says so to Compute Engine, which refuses it otherwise', async () => {
  const at = await world(true);

  expect(await stop(at)).toMatchObject({ state: 'completed' });
  expect(at.status()).toBe('TERMINATED');
});

test('a stop that may not lose it is never asked for with leave to lose it', async () => {
  const at = await world(false);

  expect(await stop(at)).toMatchObject({ state: 'failed', error: { reason: 'cloud_invalid_argument' } });
  expect(at.status()).toBe('RUNNING');
});

test('a VM without a record that has Local SSD is not stopped while it is kept, and is deleted then', async () => {
  const at = await world(false);
  // A second VM with a record: without any record the sweep's brake would assume a lost database.
  await at.cloud.insert(OTHER, { labels: OUR_LABEL });
  await at.put(anInstance({ id: OTHER, machine: { ...anInstance().machine, machineType: 'e2-medium' } }));
  at.cloud.clock.advance(600);
  await sweep(SETTINGS, at.tools);
  await at.store.write([erase(ref(INSTANCE, ID))]);

  const seen = [];
  for (const seconds of [60, 660, 60, ...Array.from({ length: 6 }, () => 86_400)]) {
    at.cloud.clock.advance(seconds);
    await sweep(SETTINGS, at.tools);
    seen.push(at.status());
  }
  for (const seconds of [86_400 + 60, 60]) {
    at.cloud.clock.advance(seconds);
    await sweep(SETTINGS, at.tools);
  }

  expect(new Set(seen)).toEqual(new Set(['RUNNING']));
  expect(at.status()).toBeUndefined();
  expect(at.cloud.emulator.calls().filter(({ method }) => method === 'instances.stop')).toEqual([]);
});
