import { expect, test } from 'vitest';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import type { OperationKind } from '#shared/domain/instance.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import type { Machine, ZoneOperation } from '#shared/gce/compute.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { Verdict } from '#shared/workers/delivery.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';

const SLICE_MS = 55_000;
const START_MS = 1_700_000_000_000;
const INSTANCE_ID = 'tw-550e84-a1b2c3d4';

/** What Compute Engine does, by what the worker asks of it. */
interface Cloud {
  readonly status: () => string | undefined;
  /** Throws what it refuses with. */
  readonly request?: (verb: string) => void;
  /** How the zone operation of a request ends. */
  readonly end?: ZoneOperation['error'];
}

/** One accepted operation on a running instance, and a worker whose clock goes on when it sleeps. */
async function worker(kind: OperationKind, cloud: Cloud) {
  const { store, faults } = await testDatastore();
  const made = {
    actor: { type: 'user' as const, id: 'alice' },
    requestId: 'request-1',
    atMs: START_MS,
  };
  const first = pendingOperation(kind, anInstance(), { ...made, id: 'op-1' });
  const second = pendingOperation('stop', anInstance(), { ...made, id: 'op-2' });
  const queue = [first, second].map((operation) => ({ id: operation.id, kind: operation.kind }));
  await store.write([
    put(INSTANCE, INSTANCE_ID, anInstance({ queue })),
    put(OPERATION, first.id, first),
    put(OPERATION, second.id, second),
  ]);
  let nowMs = START_MS;
  let hexes = 0;
  const requests: string[] = [];
  const published: string[] = [];
  let looks = 0;
  const zoneOperation = (done: boolean): ZoneOperation => ({
    name: 'operation-1',
    targetId: '1',
    done,
    error: done ? (cloud.end ?? null) : null,
    startedAtMs: nowMs,
    endedAtMs: done ? nowMs : null,
  });
  const machine = (): Machine | undefined => {
    looks += 1;
    const status = cloud.status();
    return status === undefined
      ? undefined
      : {
          name: INSTANCE_ID,
          zone: 'us-central1-a',
          status,
          externalIp: '',
          internalIp: '',
          cloudId: '1',
          labels: {},
          createdAtMs: START_MS,
          lastStartAtMs: null,
          lastStopAtMs: null,
          deletionProtection: false,
        };
  };
  const tools = {
    store,
    nowMs: () => nowMs,
    sleep: async (ms: number) => void (nowMs += ms),
    random: { hex: (bytes: number) => String((hexes += 1)).padStart(bytes * 2, '0'), fraction: () => 0 },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    publisher: {
      publish: async (messages: readonly { readonly operationId: string }[]) => {
        published.push(...messages.map(({ operationId }) => operationId));
      },
    },
    compute: {
      get: async () => machine(),
      request: async (verb: string, _place: unknown, requestId: string) => {
        requests.push(requestId);
        cloud.request?.(verb);
        return zoneOperation(false);
      },
      operation: async () => zoneOperation(true),
      wait: async () => zoneOperation(true),
    },
  } as unknown as Tools;
  const message = { operationId: 'op-1', instanceId: INSTANCE_ID };
  let delivery = 0;
  const deliver = (): Promise<Verdict> =>
    runOperation(message, tools, { worker: `worker-${(delivery += 1)}`, deadlineMs: nowMs + SLICE_MS });
  const operation = async () => (await store.get(ref(OPERATION, 'op-1')))?.value;
  return {
    store,
    faults,
    requests,
    pass: (ms: number) => (nowMs += ms),
    published,
    deliver,
    operation,
    looks: () => looks,
    takenMs: () => nowMs - START_MS,
  };
}

test('a VM that never arrives is given up after an hour, and what is queued behind gets its turn', async () => {
  const { deliver, operation, published, looks, takenMs } = await worker('start', { status: () => 'REPAIRING' });

  let verdict = await deliver();
  while (verdict === 'continue') verdict = await deliver();

  expect(verdict).toBe('done');
  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'gave_up' } });
  expect(published).toEqual(['op-2']);
  expect(takenMs()).toBeGreaterThanOrEqual(60 * 60_000);
  expect(takenMs()).toBeLessThan(62 * 60_000);
  // Every ten seconds, once it is clear that it takes long: reads of Compute Engine are rationed.
  expect(looks()).toBeLessThan(600);
});

test('a reset that was refused after an attempt without an answer is not made a second time', async () => {
  let attempts = 0;
  const { deliver, operation, requests } = await worker('reset', {
    status: () => 'RUNNING',
    request: () => {
      attempts += 1;
      // Carried out, for all that is known; then the platform is told to come back later, again and again.
      throw new CloudError(attempts === 1 ? 'lost' : 'rate_limited', 'no');
    },
  });

  let verdict = await deliver();
  while (verdict === 'later') verdict = await deliver();

  expect(new Set(requests).size).toBe(1);
  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'outcome_unknown' } });
});

test('a reset over which the worker died is not made a second time, whatever its repeats are told', async () => {
  let attempts = 0;
  const { deliver, operation, requests, faults, pass } = await worker('reset', {
    status: () => 'RUNNING',
    request: () => {
      attempts += 1;
      if (attempts > 1) throw new CloudError('rate_limited', 'no');
      // Carried out; and of the process nothing is heard any more.
      faults.add([{ service: 'datastore', method: 'commit', kind: 'error', count: 1_000 }]);
    },
  });

  await expect(deliver()).rejects.toThrow();
  faults.clear();
  pass(5 * 60_000);
  let verdict = await deliver();
  while (verdict === 'later') verdict = await deliver();

  expect(attempts).toBeGreaterThan(2);
  expect(new Set(requests).size).toBe(1);
  expect(await operation()).toMatchObject({ state: 'failed', error: { reason: 'outcome_unknown' } });
});

test('waiting long for a VM is no failed attempt: one 503 after it is tried again', async () => {
  let attempts = 0;
  const { deliver, operation, takenMs } = await worker('reset', {
    status: () => (takenMs() < 9 * 60_000 ? 'REPAIRING' : 'RUNNING'),
    request: () => {
      attempts += 1;
      if (attempts === 1) throw new CloudError('backend_error', 'no');
    },
  });

  let verdict = await deliver();
  while (verdict !== 'done') verdict = await deliver();

  expect(attempts).toBe(2);
  expect(await operation()).toMatchObject({ state: 'completed' });
});

test('a refusal that was clear from the start is tried again as a new call', async () => {
  let attempts = 0;
  const { deliver, operation, requests } = await worker('reset', {
    status: () => 'RUNNING',
    request: () => {
      attempts += 1;
      if (attempts < 9) throw new CloudError('rate_limited', 'no');
    },
  });

  let verdict = await deliver();
  while (verdict === 'later') verdict = await deliver();

  expect(new Set(requests).size).toBeGreaterThan(1);
  expect(await operation()).toMatchObject({ state: 'completed' });
});

test('a delete of a VM that somebody else has deleted meanwhile is complete', async () => {
  let asked = false;
  const { deliver, operation, store } = await worker('delete', {
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
