import { describe, expect, onTestFinished, test } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { parityCases } from '#scripts/emulators/compute/parity/cases.ts';
import { difference } from '#scripts/emulators/compute/parity/parity-case.ts';
import { Faults } from '#scripts/emulators/faults.ts';

const CASES = parityCases({
  zone: 'us-central1-a',
  network: 'global/networks/default',
  subnetwork: '',
  customNetwork: 'global/networks/made',
});

async function emulator() {
  const clock = new ShiftableClock();
  const compute = new ComputeEmulator({
    clock,
    faults: new Faults(),
    networks: [
      { name: 'default', mode: 'auto' },
      {
        name: 'made',
        mode: 'custom',
        subnetworks: [
          { name: 'one', region: 'us-central1' },
          { name: 'two', region: 'us-central1' },
        ],
      },
    ],
  });
  await compute.start();
  onTestFinished(async () => {
    await compute.stop();
    clock.stop();
  });
  return compute;
}

describe('the embedded Compute Engine answers as the real one', () => {
  test.each(CASES.map((item) => [item.row, item.title, item] as const))('%s %s', async (_row, _title, item) => {
    const compute = await emulator();
    const { verb, path, owner = 'demo-project', body } = item.call;

    const answer = await fetch(`http://${compute.address}/compute/v1/projects/${owner}/${path}`, {
      method: verb,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

    expect(difference(item, { status: answer.status, body: await answer.json() })).toBeUndefined();
    expect(compute.machines()).toHaveLength(verb === 'POST' && item.expected.status === 200 ? 1 : 0);
  });

  test('every row of the list that is about orders has a case, and every case a source', () => {
    const rows = new Set(CASES.map(({ row }) => row));

    expect([...rows]).toEqual(
      expect.arrayContaining(['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7', 'C8', 'C9', 'C10', 'C15']),
    );
    expect(CASES.filter(({ source }) => source === '')).toEqual([]);
  });
});
