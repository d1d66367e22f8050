import { expect, test } from 'vitest';
import { sweep } from '#shared/workers/sweep.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { Compute } from '#shared/gce/compute.ts';
import { aDesk } from './a-desk.ts';

const SLICING = { machinesPerSlice: 1, atOnce: 2, runMs: 50_000 };
const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 604_800_000, slicing: SLICING };

/** A Compute Engine adapter one of whose zones never answers. */
class SilentZone extends Compute {
  isSilent = false;

  override listZone(zone: string, page: { readonly token: string; readonly size: number }) {
    if (this.isSilent && zone === 'us-central1-a')
      return Promise.reject(new CloudError('backend_error', 'The zone is unreachable.'));
    return super.listZone(zone, page);
  }
}

test('sweep status shows how far the round is, and doctor names a round that does not end', async () => {
  let compute: SilentZone | undefined;
  const desk = await aDesk({ computeOf: (options) => (compute = new SilentZone(options)) });
  if (compute === undefined) throw new Error('The adapter was not made.');
  const run = () => sweep(SETTINGS, desk.tools);

  const none = await desk.run('sweep', 'status');
  await run();
  const whole = await desk.run('sweep', 'status');
  compute.isSilent = true;
  await run();
  const open = await desk.run('sweep', 'status');
  const early = await desk.doctor();
  desk.advance(660);
  const late = await desk.doctor();
  const report = await run();

  expect(none.stdout).toMatch(/round: +none yet/);
  expect(whole.stdout).toMatch(/round: +1: 9 of 9 slices done, ended \d+s ago/);
  expect(open.stdout).toMatch(/round: +2: 1 of 2 slices done, began \d+s ago; at: us-central1-a/);
  expect(early.findings).toEqual([]);
  expect(late.findings.map(({ finding }) => finding)).toEqual([
    'Round 2 of the sweep does not end: after 11m 1 of 2 slices are done and 0 have failed; it is at us-central1-a.',
  ]);
  expect(late.findings[0]?.repair).toContain('slices_at_once');
  // The alert "Sweeps with failures" counts the same.
  expect(report.failures).toBe(1);
});
