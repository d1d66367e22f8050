import { expect, test } from 'vitest';
import { batchPower } from '#shared/actions/batch-power.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { bidWorld } from '#test/support/bid-world.ts';
import { BOOT_SECONDS, STOP_SECONDS, ZONE } from '#test/support/compute-cloud.ts';

const COUNT = 100;

/** Creates running instances of several customers, with records and VMs. */
async function manyRunning() {
  const world = await bidWorld();
  const ids = Array.from({ length: COUNT }, (_, i) => `tw-550e84-${i.toString(16).padStart(8, '0')}`);
  const project = world.act('').caller.projects[0] ?? '';
  await Promise.all(
    ids.map((name) => world.compute.insert({ zone: ZONE, name }, anInstance().machine, requestUuid(name, 1))),
  );
  world.cloud.clock.advance(BOOT_SECONDS);
  const atMs = world.tools.nowMs();
  for await (const page of world.compute.list()) {
    await world.put(
      ...page.map(({ name, cloudId }) => anInstance({ id: name, cloudId, project, statusSinceMs: atMs })),
    );
  }
  return { ...world, ids };
}

test('100 instances in one change: one operation and one applied call each, all answered, within 2 s', async () => {
  const world = await manyRunning();
  const { caller, actor, requestId } = world.act('');

  const startedMs = performance.now();
  const { statuses, operationIds } = await batchPower(
    { caller, actor, requestId, instances: world.ids.map((id) => `inst_${id}`), kind: 'stop' },
    world.tools,
  );
  const tookMs = performance.now() - startedMs;
  for (let round = 0; round < 4; round += 1) {
    await world.work();
    world.cloud.clock.advance(STOP_SECONDS);
    await world.sweepNow();
  }

  expect(tookMs).toBeLessThan(2_000);
  expect(statuses.size).toBe(COUNT);
  expect(new Set(operationIds).size).toBe(COUNT);
  const applied = world.cloud.emulator
    .calls()
    .filter(({ method, outcome }) => method === 'instances.stop' && outcome === 'applied');
  expect(applied.map(({ instance }) => instance).toSorted()).toEqual(world.ids);
  const operations = (await world.all(OPERATION)).map(
    ({ value }) => `${value.instanceId} ${value.kind} ${value.state}`,
  );
  expect(operations.toSorted()).toEqual(world.ids.map((id) => `${id} stop completed`));
  expect((await world.instances()).every(({ status }) => status === 'TERMINATED')).toBe(true);
});
