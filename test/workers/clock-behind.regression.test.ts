import { expect, test } from 'vitest';
import { oneWorker, START_MS } from '#test/support/one-worker.ts';

/*
 * A worker whose clock was 30 s behind wrote that an operation had ended before it was asked for, and before the VM ran.
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
