import { describe, expect, test } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { editInstance } from '#shared/actions/edit-instance.ts';
import { requestOperation } from '#shared/actions/request-operation.ts';
import type { OperationKind } from '#shared/domain/instance.ts';
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { bidWorld } from '#test/support/bid-world.ts';
import { BOOT_SECONDS, STOP_SECONDS } from '#test/support/compute-cloud.ts';

type World = Awaited<ReturnType<typeof bidWorld>>;

/** Protects an instance from deletion, or takes the protection off, as its owner does. */
function protect(world: World, instanceId: string, deletionProtection: boolean) {
  const { caller, actor, requestId } = world.act('');
  const edit = async () => ({ deletionProtection });
  const more = { ifMatch: undefined, displayName: undefined, edit };
  return editInstance({ caller, actor, requestId, instanceId, ...more }, world.tools);
}

/** Runs the operation at the head of the instance's queue, and no other. */
async function runNext(world: World, instanceId: string): Promise<OperationKind | undefined> {
  const [head] = (await world.instance(instanceId))?.queue ?? [];
  if (head === undefined) return undefined;
  const options = { worker: 'w', waitMs: 0, atWork: new CustomersAtWork() };
  await runOperation({ operationId: head.id, instanceId }, world.tools, options);
  return head.kind as OperationKind;
}

/** Runs one operation of the instance until it has ended. */
async function endNext(world: World, instanceId: string): Promise<void> {
  const queued = async () => (await world.instance(instanceId))?.queue.length ?? 0;
  const before = await queued();
  for (let round = 0; round < 10 && (await queued()) === before; round += 1) {
    await runNext(world, instanceId);
    world.cloud.clock.advance(STOP_SECONDS);
  }
}

const DELETE_REFUSED = { kind: 'conflict', reason: 'deletion_protected' };

/** A cluster of one, held, whose instance is the subject. */
async function oneHeld() {
  const world = await bidWorld({ clock: new ShiftableClock() });
  const id = await world.place('train', { quantity: 1 });
  const [instanceId = ''] = (await world.until(id, 'held')).instances;
  const stop = () => {
    const { caller, actor, requestId } = world.act('');
    const how = { idempotencyKey: undefined, strictness: 'lenient', answer: () => ({ status: 202 }) } as const;
    return requestOperation({ caller, actor, requestId, kind: 'stop', instanceId, ...how }, world.tools);
  };
  const isProtected = async () => (await world.instance(instanceId))?.deletionProtection;
  const remove = () => world.remove(instanceId);
  return { world, instanceId, stop, isProtected, remove };
}

describe('a protection that was accepted', () => {
  // The worker of the earlier operation adopted what the VM showed, and a delete was accepted.
  test('is not undone by an operation that is executed before it', async () => {
    const { world, instanceId, stop, isProtected, remove } = await oneHeld();
    await stop();
    await protect(world, instanceId, true);

    await endNext(world, instanceId);

    expect(await isProtected()).toBe(true);
    await expect(remove()).rejects.toMatchObject(DELETE_REFUSED);
    expect((await world.events(instanceId)).map(({ reason }) => reason)).not.toContain('protection_changed');
    await world.work();
    await endNext(world, instanceId);
    expect((await world.cloud.get(instanceId)).deletionProtection).toBe(true);
  });

  test('is not undone by an earlier request to take the protection off that is executed before it', async () => {
    const { world, instanceId, isProtected, remove } = await oneHeld();
    await protect(world, instanceId, true);
    await endNext(world, instanceId);
    await protect(world, instanceId, false);
    await protect(world, instanceId, true);

    await endNext(world, instanceId);

    expect(await isProtected()).toBe(true);
    await expect(remove()).rejects.toMatchObject(DELETE_REFUSED);
    await endNext(world, instanceId);
    expect((await world.cloud.get(instanceId)).deletionProtection).toBe(true);
  });

  test('that Compute Engine refuses is taken back with the failure', async () => {
    const { world, instanceId, isProtected } = await oneHeld();
    const method = 'instances.setDeletionProtection';
    world.cloud.faults.add([{ service: 'compute', method, kind: 'error', status: 403, count: 1 }]);
    await protect(world, instanceId, true);

    await endNext(world, instanceId);

    expect((await world.instance(instanceId))?.lastOperation).toMatchObject({ kind: 'update', state: 'failed' });
    expect(await isProtected()).toBe(false);
  });

  // Such an instance could neither be deleted (it was protected) nor edited (it was in ERROR).
  test('does not outlive the VM: the owner can delete what is left', async () => {
    const { world, instanceId, isProtected, remove } = await oneHeld();
    await protect(world, instanceId, true);
    world.cloud.emulator.drift(instanceId, 'delete');
    world.cloud.clock.advance(STOP_SECONDS);

    await endNext(world, instanceId);
    await world.settle();

    expect(await world.instance(instanceId)).toMatchObject({ status: 'ERROR' });
    expect(await isProtected()).toBe(false);
    await remove();
    await world.settle();
    expect(await world.instance(instanceId)).toBeUndefined();
  });
});

/*
 * The launch was undone although an instance was protected: Compute Engine refused to delete the VM, its record went, and
 * it ran on as an orphan that the sweep leaves alone.
 */
test.each(['waiting', 'paused'] as const)(
  'a failed launch with a protected instance is undone only when that can be deleted (the bid is then %s)',
  async (phase) => {
    const world = await bidWorld();
    const id = await world.place('train', { quantity: 2 });
    const [first = '', second = ''] = (await world.bid(id)).instances;
    await runNext(world, first);
    await protect(world, first, true);
    if (phase === 'paused') await world.change(id, { paused: true });
    world.cloud.faults.add([{ service: 'compute', method: 'instances.insert', kind: 'stockout', count: 1 }]);
    await runNext(world, second);
    world.cloud.clock.advance(BOOT_SECONDS);
    await world.settle();

    const waiting = await world.bid(id);
    expect(waiting).toMatchObject({ instances: [first, second], reason: { reason: 'deletion_protected' } });
    expect(waiting.reason?.message).toContain('train-1');
    expect(await world.machines()).toEqual([first]);
    expect(await world.instance(first)).toMatchObject({ deletionProtection: true });
    expect(await world.orphan(first)).toBeUndefined();

    await protect(world, first, false);
    await world.settle();
    const { instances } = phase === 'paused' ? await world.bid(id) : await world.until(id, 'held');

    expect(instances).toHaveLength(phase === 'paused' ? 0 : 2);
    expect(await world.orphan(first)).toBeUndefined();
    expect((await world.machines()).toSorted()).toEqual(instances.toSorted());
    expect(await world.used()).toBe(instances.length);
  },
);
