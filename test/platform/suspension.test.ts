import { describe, expect, test } from 'vitest';
import { resumeCustomer, suspendCustomer } from '#shared/actions/suspend-customer.ts';
import { CONTRACTS } from '#shared/contracts/index.ts';
import { whileSuspended } from '#shared/contracts/contract.ts';
import { presentInstance } from '#shared/families/compute/present.ts';
import { presentResource } from '#shared/families/resource/present.ts';
import { INSTANCE_ACTIONS } from '#shared/domain/power.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { bidWorld } from '#test/support/bid-world.ts';
import { testAuditor } from '#test/support/test-auditor.ts';
import { aDesk, ID } from './a-desk.ts';

const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 86_400_000 };

describe('a suspended customer', () => {
  test('can read, delete and stop, and nothing else', () => {
    const refused = CONTRACTS.filter((contract) => whileSuspended(contract) === 'refused').map(({ name }) => name);

    const forUsers = CONTRACTS.filter(({ role, method }) => role === null && method !== 'GET' && method !== 'DELETE');
    const stops = ['compute-instances-stop', 'fleet-instances-update'];
    expect(refused.sort()).toEqual(
      forUsers
        .map(({ name }) => name)
        .filter((name) => !stops.includes(name))
        .sort(),
    );
    expect(refused).toEqual(expect.arrayContaining(['compute-instances-create', 'compute-instances-start']));
    for (const contract of CONTRACTS.filter(({ name }) => refused.includes(name) || name === 'fleet-instances-update'))
      expect(contract.failures, contract.name).toContain('customer_suspended');
  });

  test('--stop-instances: machines stop within one sweep, as operations with the cause suspension', async () => {
    const desk = await aDesk();

    const done = await desk.run('customers', 'suspend', 'acme', '--reason', 'Unpaid.', '--stop-instances', '--json');

    expect(done.exitCode, done.stderr).toBe(0);
    const { stops } = JSON.parse(done.stdout) as { readonly stops: readonly { readonly operationId: string }[] };
    expect(stops).toHaveLength(1);
    desk.advance(30);
    expect((await sweep(SETTINGS, desk.tools)).republished).toBe(1);
    expect(await desk.work(stops[0]?.operationId ?? '')).toBe('completed');
    expect((await desk.instance(ID))?.status).toBe('TERMINATED');
    const causes = (await desk.events(ID)).map(({ cause }) => cause);
    expect(causes).toContain('suspension');
    expect(await desk.audited()).toEqual(['customer.suspend']);
  });

  test('--stop-instances says how far it is, and what to do about an instance that is created meanwhile', async () => {
    const desk = await aDesk();
    for (let number = 0; number < 24; number += 1) await desk.put(anInstance({ id: `tw-many-${number}` }));

    const done = await desk.run('customers', 'suspend', 'acme', '--reason', 'Unpaid.', '--stop-instances');

    expect(done.stdout).toContain('25 instances are being stopped.');
    const notes = done.stderr.split('\n').filter((line) => line.includes('instance'));
    expect(notes).toEqual([
      expect.stringContaining('10 instances are being stopped'),
      expect.stringContaining('20 instances are being stopped'),
      expect.stringContaining('run it again'),
    ]);
  });

  test('resume starts nothing; both are on record once, with the reasons', async () => {
    const desk = await aDesk();
    const auditor = testAuditor(desk.tools.nowMs);
    const request = { customerId: 'acme', reason: 'Unpaid.', stopInstances: false };

    await suspendCustomer(request, auditor, desk.tools);
    await suspendCustomer(request, auditor, desk.tools);
    expect(await resumeCustomer({ customerId: 'acme' }, auditor, desk.tools)).toEqual({ resumed: true });
    expect(await resumeCustomer({ customerId: 'acme' }, auditor, desk.tools)).toEqual({ resumed: false });

    expect((await desk.audited()).sort()).toEqual(['customer.resume', 'customer.suspend']);
    expect((await desk.instance(ID))?.queue).toEqual([]);
  });

  test('a reason of several lines, and a customer that does not exist, are refused', async () => {
    const desk = await aDesk();
    const auditor = testAuditor(desk.tools.nowMs);
    const suspend = (customerId: string, reason: string) =>
      suspendCustomer({ customerId, reason, stopInstances: false }, auditor, desk.tools);

    await expect(suspend('acme', 'a\nb')).rejects.toMatchObject({ kind: 'invalid_request' });
    await expect(suspend('nobody', 'a')).rejects.toMatchObject({ reason: 'unknown_customer' });
  });
});

test("nothing is made or started again for a suspended customer's bids; resume lets them go on", async () => {
  const world = await bidWorld();
  const auditor = testAuditor(world.tools.nowMs);
  const held = await world.until(await world.place('held'), 'held');
  await world.price(200);
  const waiting = await world.place('waiting');
  const [machine = ''] = held.instances;
  const later = async () => {
    world.cloud.clock.advance(600);
    await world.sweepNow();
  };
  await suspendCustomer({ customerId: 'acme', reason: 'Unpaid.', stopInstances: false }, auditor, world.tools);
  world.cloud.emulator.drift(machine, 'preempt');
  await world.hear();
  await world.price(50);
  for (let round = 0; round < 3; round += 1) await later();

  const because = { reason: 'customer_suspended', message: 'This customer is suspended: Unpaid.' };
  expect(await world.bid(held.id)).toMatchObject({ phase: 'regaining', reason: because });
  expect(await world.bid(waiting)).toMatchObject({ phase: 'waiting', reason: because, instances: [] });
  expect((await world.instance(machine))?.status).toBe('TERMINATED');
  expect((await world.machines()).toSorted()).toEqual(held.instances.toSorted());

  await resumeCustomer({ customerId: 'acme' }, auditor, world.tools);
  await later();
  await world.until(held.id, 'held');
  await world.until(waiting, 'held');
  expect((await world.instance(machine))?.status).toBe('RUNNING');
});

test('an instance tells a suspended customer that it can be stopped and deleted, and why nothing else', () => {
  const caller = { suspendedBecause: 'Unpaid.' };

  const running = presentInstance(anInstance({ status: 'RUNNING' }), undefined, caller);
  const stopped = presentResource(anInstance({ status: 'ERROR' }), undefined, caller).status;

  const others = INSTANCE_ACTIONS.filter((action) => action !== 'stop' && action !== 'delete');
  const refused = Object.fromEntries(others.map((action) => [action, 'customer_suspended']));
  expect(running).toMatchObject({ allowedActions: ['stop', 'delete'], blockedBecause: refused });
  expect(stopped.allowed_actions).toEqual(['delete']);
  expect(stopped.blocked_because).toEqual({ ...refused, stop: 'wrong_state' });
});

describe('cancel', () => {
  test('ends what has not reached the cloud, and what is queued behind goes on', async () => {
    const desk = await aDesk();
    await desk.accepted('reset');

    const done = await desk.run('operations', 'cancel', 'op-1');

    expect(done.exitCode, done.stderr).toBe(0);
    expect(await desk.operation('op-1')).toMatchObject({ state: 'failed', error: { reason: 'cancelled' } });
    expect((await desk.instance(ID))?.queue).toEqual([]);
    expect(await desk.audited()).toEqual(['operation.cancel']);
  });

  test('is refused once Compute Engine was asked', async () => {
    const desk = await aDesk();
    const call = {
      verb: 'stop',
      requestId: 'r',
      askedAtMs: 1,
      zoneOperation: null,
      done: false,
      mayBeApplied: true,
    } as const;
    await desk.accepted('stop', { call });

    expect((await desk.run('operations', 'cancel', 'op-1')).exitCode).toBe(1);
    expect(await desk.audited()).toEqual([]);
  });
});
