import { describe, expect, onTestFinished, test } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { gateOf } from '#shared/concurrency/gate.ts';
import { Failure } from '#shared/domain/failure.ts';
import { Compute } from '#shared/gce/compute.ts';
import { anInstance } from '#test/support/an-instance.ts';

const REQUEST_ID = '550e8400-e29b-41d4-a716-446655440000';

/** A VM on the embedded Compute Engine, and how many looks reach it. */
async function harness(readsPerSecond?: number) {
  const clock = new ShiftableClock();
  const faults = new Faults();
  let reads = 0;
  const take = faults.take.bind(faults);
  faults.take = (service, method, ...rest) => {
    if (method === 'instances.get') reads += 1;
    return take(service, method, ...rest);
  };
  const emulator = new ComputeEmulator({ clock, faults, ...(readsPerSecond === undefined ? {} : { readsPerSecond }) });
  await emulator.start();
  let nowMs = clock.nowMs();
  const options = { project: 'demo-project', deployment: 'local', emulatorHost: emulator.address };
  const compute = new Compute({ ...options, nowMs: () => nowMs });
  onTestFinished(async () => {
    await compute.close();
    await emulator.stop();
    clock.stop();
  });
  const { zone, machine } = anInstance();
  const place = { zone, name: 'tw-1' };
  await compute.insert(place, machine, REQUEST_ID);
  return { compute, faults, place, machine, reads: () => reads, pass: (ms: number) => void (nowMs += ms) };
}

describe('looks at one VM', () => {
  test('that meet share a call when they are compared with the same record', async () => {
    const { compute, place, reads } = await harness();

    const seen = await Promise.all(Array.from({ length: 20 }, () => compute.look(place, '7')));

    expect(seen.map((machine) => machine?.name)).toEqual(Array(20).fill('tw-1'));
    expect(reads()).toBe(1);
  });

  test('do not share a call when the record was written in between, and one after the other do not either', async () => {
    const { compute, place, reads } = await harness();

    await Promise.all([compute.look(place, '7'), compute.look(place, '8')]);
    await compute.look(place, '8');

    expect(reads()).toBe(3);
  });

  test('wait for the gate of each caller: the refusal of one is not told to another', async () => {
    const { compute, place, reads } = await harness();
    const refusal = new Failure('rate_limited', 'Beyond the limit.');
    const refused = compute.behind(gateOf(Promise.reject(refusal)));

    const [mine, other] = await Promise.allSettled([refused.look(place, '7'), compute.look(place, '7')]);

    expect(mine).toMatchObject({ status: 'rejected', reason: refusal });
    expect(other).toMatchObject({ status: 'fulfilled', value: { name: 'tw-1' } });
    expect(reads()).toBe(1);
  });

  test('are answered alike with and without metadata, of which a look has none', async () => {
    const { compute, place, machine } = await harness();

    const [look, whole] = await Promise.all([compute.look(place, '7'), compute.get(place)]);

    expect(whole).toMatchObject({ ...look, metadata: machine.metadata });
    expect(look).not.toHaveProperty('metadata');
    expect(look).not.toHaveProperty('metadataFingerprint');
    expect(look).toMatchObject({ zone: place.zone, machineType: machine.machineType, labels: { ...machine.labels } });
  });
});

describe('a process that is told rateLimitExceeded', () => {
  test('asks nothing more for a second, then once, and longer each time that it is told again', async () => {
    const { compute, faults, place, reads, pass } = await harness();
    faults.add([{ service: 'compute', method: 'instances.get', kind: 'error', count: 2, status: 429 }]);
    const look = () =>
      Promise.allSettled(Array.from({ length: 5 }, (_, version) => compute.look(place, String(version)))).then(
        (all) => all.filter(({ status }) => status === 'fulfilled').length,
      );

    await expect(compute.look(place, 'first')).rejects.toMatchObject({ reason: 'rate_limited' });
    expect([await look(), reads()]).toEqual([0, 1]);
    pass(1_000);
    expect([await look(), reads()]).toEqual([0, 2]);
    pass(1_999);
    expect([await look(), reads()]).toEqual([0, 2]);
    pass(1);
    // One is tried; the others are not held up by it.
    expect([await look(), reads()]).toEqual([1, 3]);
    expect([await look(), reads()]).toEqual([5, 8]);
  });

  test('with the quota of Compute Engine on: what is asked beyond it is told so, and costs no further reads', async () => {
    const { compute, place, reads } = await harness(25);

    const seen = await Promise.allSettled(
      Array.from({ length: 200 }, async (_, version) => {
        for (let tick = 0; tick < version; tick += 1) await Promise.resolve();
        return compute.look(place, String(version));
      }),
    );
    const readsBefore = reads();
    const late = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => compute.look(place, `late-${i}`)));

    expect(seen.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(25);
    expect(late.every(({ status }) => status === 'rejected')).toBe(true);
    expect(reads()).toBe(readsBefore);
  });
});
