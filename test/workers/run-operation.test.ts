import { expect, test } from 'vitest';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { INSTANCE_ID, oneWorker } from '#test/support/one-worker.ts';

/** Time after which a waiting operation is published again. */
const SWEEP_MS = 60_000;

test('a VM that never arrives is given up after an hour, and what is queued behind runs', async () => {
  const { deliver, operation, published, looks, takenMs, pass } = await oneWorker('start', {
    status: () => 'REPAIRING',
  });

  let verdict = await deliver();
  while (verdict === 'waiting') {
    pass(SWEEP_MS);
    verdict = await deliver();
  }

  expect(verdict).toBe('done');
  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'gave_up' } });
  expect(published).toEqual(['op-2']);
  expect(takenMs()).toBeGreaterThanOrEqual(60 * 60_000);
  expect(takenMs()).toBeLessThan(62 * 60_000);
  // A few seconds of reads per sweep interval, because reads of Compute Engine are rationed.
  expect(looks()).toBeLessThan(600);
});

test('a reset that was refused after an attempt without an answer is not made a second time', async () => {
  let attempts = 0;
  const { deliver, operation, requests, pass } = await oneWorker('reset', {
    status: () => 'RUNNING',
    request: () => {
      attempts += 1;
      // The first call may have been executed; every later one is refused with a rate limit.
      throw new CloudError(attempts === 1 ? 'lost' : 'rate_limited', 'no');
    },
  });

  let verdict = await deliver();
  while (verdict === 'waiting') {
    pass(SWEEP_MS);
    verdict = await deliver();
  }

  expect(new Set(requests).size).toBe(1);
  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'outcome_unknown' } });
});

test('a reset over which the worker died is not made a second time, whatever its repeats are told', async () => {
  let attempts = 0;
  const { deliver, operation, requests, faults, pass } = await oneWorker('reset', {
    status: () => 'RUNNING',
    request: () => {
      attempts += 1;
      if (attempts > 1) throw new CloudError('rate_limited', 'no');
      // The call was executed; then every commit fails, as if the process had ended.
      faults.add([{ service: 'datastore', method: 'commit', kind: 'error', count: 1_000 }]);
    },
  });

  await expect(deliver()).rejects.toThrow();
  faults.clear();
  pass(5 * 60_000);
  let verdict = await deliver();
  while (verdict === 'waiting') {
    pass(SWEEP_MS);
    verdict = await deliver();
  }

  expect(attempts).toBeGreaterThan(2);
  expect(new Set(requests).size).toBe(1);
  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'outcome_unknown' } });
});

test('waiting long for a VM is no failed attempt: one 503 after it is tried again', async () => {
  let attempts = 0;
  const { deliver, operation, takenMs, pass } = await oneWorker('reset', {
    status: () => (takenMs() < 9 * 60_000 ? 'REPAIRING' : 'RUNNING'),
    request: () => {
      attempts += 1;
      if (attempts === 1) throw new CloudError('backend_error', 'no');
    },
  });

  let verdict = await deliver();
  while (verdict !== 'done') {
    pass(10_000);
    verdict = await deliver();
  }

  expect(attempts).toBe(2);
  expect(await operation()).toMatchObject({ state: 'completed' });
});

test('a refusal that was clear from the start is tried again as a new call', async () => {
  let attempts = 0;
  const { deliver, operation, requests, pass } = await oneWorker('reset', {
    status: () => 'RUNNING',
    request: () => {
      attempts += 1;
      if (attempts < 9) throw new CloudError('rate_limited', 'no');
    },
  });

  let verdict = await deliver();
  while (verdict === 'waiting') {
    pass(SWEEP_MS);
    verdict = await deliver();
  }

  expect(new Set(requests).size).toBeGreaterThan(1);
  expect(await operation()).toMatchObject({ state: 'completed' });
});

test('a delete of a VM that was deleted from outside meanwhile is complete', async () => {
  let asked = false;
  const { deliver, operation, store } = await oneWorker('delete', {
    status: () => (asked ? undefined : 'RUNNING'),
    request: () => {
      asked = true;
    },
    end: { reason: 'not_found', message: 'The resource was not found' },
  });

  expect(await deliver()).toBe('done');

  expect(await operation()).toMatchObject({ state: 'completed', error: null });
  expect(await store.get(ref(INSTANCE, INSTANCE_ID))).toBeUndefined();
});
