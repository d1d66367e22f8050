import { expect, test } from 'vitest';
import { oneWorker, START_MS } from '#test/support/one-worker.ts';

/*
 * A worker whose clock was 30 s behind stored that an operation had ended before it was requested, and before the VM
 * ran.
 */
test('an operation neither begins nor ends before it was asked for, whatever the clock of its worker says', async () => {
  const { deliver, operation, pass } = await oneWorker('stop', { status: () => 'TERMINATED' });
  pass(-30_000);

  await deliver();

  expect(await operation()).toMatchObject({ state: 'completed', startedAtMs: START_MS, completedAtMs: START_MS });
});

test('an operation does not end before the status that it has led to', async () => {
  const laterMs = START_MS + 20_000;
  const { deliver, operation, pass } = await oneWorker(
    'stop',
    { status: () => 'TERMINATED' },
    { instance: { status: 'TERMINATED', statusSinceMs: laterMs } },
  );
  pass(1_000);

  await deliver();

  expect(await operation()).toMatchObject({ state: 'completed', completedAtMs: laterMs });
});

/*
 * The read at the end of a create did not find the VM. The next read's worker dated RUNNING by its own clock, before
 * the VM ran.
 */
test('a VM runs from when its zone operation ended, also when the look at that moment came to nothing', async () => {
  let looks = 0;
  const stagedMs = START_MS + 1_000;
  const worker = await oneWorker(
    'start',
    {
      status: () => {
        looks += 1;
        if (looks < 3) return ['TERMINATED', 'PROVISIONING'][looks - 1];
        // The VM is found only after its zone operation has ended: an absence is confirmed by two more reads.
        return looks < 6 ? undefined : 'RUNNING';
      },
      times: () => (looks < 6 ? {} : { lastStartAtMs: stagedMs }),
      endedAtMs: START_MS + 5_000,
    },
    { instance: { status: 'TERMINATED', statusSinceMs: START_MS } },
  );
  worker.pass(-600_000);

  for (let round = 0; round < 3; round += 1) await worker.deliver();

  expect(await worker.operation()).toMatchObject({ state: 'completed', completedAtMs: START_MS + 5_000 });
  expect(await worker.instance()).toMatchObject({ status: 'RUNNING', statusSinceMs: START_MS + 5_000 });
});
