import { expect, test } from 'vitest';
import { syncInstance } from '#shared/lifecycle/sync-instance.ts';
import { syncFromEvent } from '#shared/workers/sync-from-event.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const HISTORIES = 12;
const ACTS = 8;

/**
 * Changes one VM, delivers the audit log's entries in any order, late and twice, and reads the VM in between. In every
 * order the history's times never decrease, and at each of them the cloud's own log has the VM in the recorded status.
 */
test(`${HISTORIES} random histories: late, shuffled and repeated events change neither order nor times`, async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  console.log(`SEED=${seed}`);
  const random = seededRandom(seed);
  const { cloud, tools, put, events } = await cloudAndRecords({ bootSeconds: 20, stopSeconds: 10 });
  const below = (limit: number) => Math.floor(random.fraction() * limit);

  for (let history = 0; history < HISTORIES; history += 1) {
    const id = `tw-550e84-${String(history).padStart(8, '0')}`;
    const machine = { ...anInstance().machine, machineType: 'e2-medium' };
    await cloud.insert(id, { labels: OUR_LABEL });
    await put(anInstance({ id, machine, status: 'PROVISIONING', statusSinceMs: cloud.clock.nowMs(), eventCount: 0 }));
    for (let act = 0; act < ACTS; act += 1) {
      const dice = below(6);
      try {
        if (dice < 2) cloud.emulator.drift(id, dice === 0 ? 'stop' : 'start');
        else if (dice === 2) cloud.emulator.drift(id, 'preempt');
        else if (dice === 3) await syncInstance(id, { cause: 'drift' }, tools);
        else {
          const own = cloud.audit.filter(({ protoPayload }) => protoPayload.resourceName.endsWith(`/${id}`));
          const entry = own[below(own.length)];
          if (entry !== undefined) await syncFromEvent(entry, tools);
        }
      } catch (thrown) {
        // Actions that the VM's status does not allow are refused, as in the console.
        if (!(thrown instanceof Error && thrown.name === 'ComputeError')) throw thrown;
      }
      cloud.clock.advance(below(30));
    }
    await syncInstance(id, { cause: 'drift' }, tools);

    const told = (await events(id)).filter(({ note }) => !note);
    const log = cloud.emulator.machineHistory().filter(({ instance }) => instance === id);
    const times = told.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const wrong = told.filter(({ status, atMs }) => !statusesAt(log, atMs).includes(status));
    expect({ seed, id, wrong: wrong.map(({ status, atMs }) => [status, new Date(atMs).toISOString()]), log }).toEqual({
      seed,
      id,
      wrong: [],
      log,
    });
    expect(told.at(-1)?.status ?? 'PROVISIONING').toBe(log.at(-1)?.status);
  }
});

/** Returns the statuses of a VM at a time by the cloud's log; both, if it changed in that millisecond. */
function statusesAt(
  log: readonly { readonly status: string; readonly time: string }[],
  atMs: number,
): readonly string[] {
  const past = log.findLast(({ time }) => Date.parse(time) < atMs);
  const now = log.filter(({ time }) => Date.parse(time) === atMs);
  return [...(past === undefined ? [] : [past]), ...now].map(({ status }) => status);
}
