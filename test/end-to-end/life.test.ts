import { expect, test } from 'vitest';
import { appliedCalls, ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { expectInvariants, settled } from '#test/support/invariants.ts';
import { startLocalCloud } from '#test/support/local-cloud.ts';

test('a whole life over HTTP: every operation is one applied call, and the history outlives the instance', async () => {
  const cloud = await startLocalCloud({ args: QUICK_MACHINES });
  const alice = new ComputeUser(cloud, 'alice');
  const bob = new ComputeUser(cloud, 'bob');
  const carol = new ComputeUser(cloud, 'carol');
  const status = async (id: string) => (await alice.shown(id)).status;

  const id = await alice.running();
  const born = await alice.shown(id);
  const stopped = await alice.powered(id, 'stop');
  const atRest = await alice.shown(id);
  const started = await alice.powered(id, 'start');
  const startedAgain = await status(id);
  const reset = await alice.powered(id, 'reset');
  const restarted = await alice.powered(id, 'restart');
  const inTheEnd = await status(id);
  const deleted = await alice.delete(id);
  const gone = await alice.get(id);

  expect(born.status).toBe('RUNNING');
  expect(born.externalIp).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(born.internalIp).toMatch(/^10\.\d+\.\d+\.\d+$/);
  expect(atRest).toMatchObject({ status: 'TERMINATED', externalIp: '', internalIp: born.internalIp });
  expect([stopped, started, reset, restarted].map(({ kind, state }) => `${kind} ${state}`)).toEqual([
    'stop completed',
    'start completed',
    'reset completed',
    // A self-service restart is a hard reset and is shown as one.
    'reset completed',
  ]);
  expect([startedAgain, inTheEnd]).toEqual(['RUNNING', 'RUNNING']);
  expect(deleted).toMatchObject({ status: 204, body: undefined });
  expect(gone).toMatchObject({ status: 404 });
  expect(await alice.ended(deleted)).toMatchObject({ kind: 'delete', state: 'completed' });
  expect(await appliedCalls(cloud, id)).toEqual([
    'instances.insert',
    'instances.stop',
    'instances.start',
    'instances.reset',
    'instances.reset',
    'instances.delete',
  ]);
  const history = await alice.history(id);
  expect(history.map((event) => event.status).filter((word) => !PASSING.has(word))).toEqual([
    'DELETED',
    // A reset and a restart, which do not change the status.
    'RUNNING',
    'RUNNING',
    'RUNNING',
    'TERMINATED',
    'RUNNING',
  ]);
  expect(history.flatMap(({ action }) => action ?? [])).toEqual(['reset', 'reset']);
  expect(new Set(history.map(({ cause }) => cause))).toEqual(new Set(['operation']));
  expect(await bob.history(id)).toEqual(history);
  await expect(carol.history(id)).rejects.toThrow();
  await settled(cloud);
  expect(await cloud.machines()).toEqual([]);
  await expectInvariants(cloud);
});

/** Statuses that may or may not be observed, depending on the time of a read. */
const PASSING: ReadonlySet<string> = new Set(['PROVISIONING', 'STAGING', 'STOPPING', 'DELETING']);
