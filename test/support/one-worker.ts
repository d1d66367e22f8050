import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import type { Instance, OperationKind } from '#shared/domain/instance.ts';
import { type Operation, pendingOperation } from '#shared/domain/operation.ts';
import type { Machine, ZoneOperation } from '#shared/gce/compute.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { Verdict } from '#shared/workers/delivery.ts';
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { anInstance } from './an-instance.ts';
import { testDatastore } from './datastore.ts';

/** The power worker's value. */
const WAIT_MS = 4_000;
export const START_MS = 1_700_000_000_000;
export const INSTANCE_ID = 'tw-550e84-a1b2c3d4';

/** The behaviour of the fake Compute Engine. */
export interface OneCloud {
  readonly status: () => string | undefined;
  /** Returns the VM's own timestamps and protection; without this function the VM has none. */
  readonly times?: () => Partial<Pick<Machine, 'lastStartAtMs' | 'lastStopAtMs' | 'deletionProtection'>>;
  /** May throw the error with which a call is refused. */
  readonly request?: (verb: string) => void;
  /** Called during a read of the VM, before its response. */
  readonly onLook?: () => Promise<void>;
  /** End of a call's zone operation; by default the time at which the operation is read. */
  readonly endedAtMs?: number;
  /** Error of a call's zone operation; by default it succeeds. */
  readonly end?: ZoneOperation['error'];
}

/** Members of the initial rows that differ from the defaults. */
export interface Before {
  readonly instance?: Partial<Instance>;
  readonly operation?: Partial<Operation>;
}

/**
 * Creates a running instance with an accepted operation and a stop queued behind it, and a worker whose clock advances
 * by each sleep.
 */
export async function oneWorker(kind: OperationKind, cloud: OneCloud, before: Before = {}) {
  const { store, faults } = await testDatastore();
  const made = {
    actor: { type: 'user' as const, id: 'alice' },
    requestId: 'request-1',
    atMs: START_MS,
  };
  const first: Operation = { ...pendingOperation(kind, anInstance(), { ...made, id: 'op-1' }), ...before.operation };
  const second = pendingOperation('stop', anInstance(), { ...made, id: 'op-2' });
  const queue = [first, second].map((operation) => ({ id: operation.id, kind: operation.kind }));
  await store.write([
    put(INSTANCE, INSTANCE_ID, anInstance({ queue, ...before.instance })),
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
    endedAtMs: done ? (cloud.endedAtMs ?? nowMs) : null,
  });
  const machine = async (): Promise<Machine | undefined> => {
    looks += 1;
    await cloud.onLook?.();
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
          machineType: 'n1-standard-2',
          labels: {},
          createdAtMs: START_MS,
          lastStartAtMs: null,
          lastStopAtMs: null,
          deletionProtection: false,
          localSsd: false,
          ...cloud.times?.(),
        };
  };
  const tools = {
    store,
    nowMs: () => nowMs,
    sleep: async (ms: number) => void (nowMs += ms),
    random: { hex: (bytes: number) => String((hexes += 1)).padStart(bytes * 2, '0'), fraction: () => 0 },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined, critical: () => undefined },
    publisher: {
      publish: async (messages: readonly { readonly operationId: string }[]) => {
        published.push(...messages.map(({ operationId }) => operationId));
      },
    },
    compute: {
      get: machine,
      find: machine,
      request: async (verb: string, _place: unknown, requestId: string) => {
        requests.push(requestId);
        cloud.request?.(verb);
        return zoneOperation(false);
      },
      edit: async ({ verb }: { readonly verb: string }, _place: unknown, requestId: string) => {
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
  const atWork = new CustomersAtWork();
  const deliver = (): Promise<Verdict> =>
    runOperation(message, tools, { worker: `worker-${(delivery += 1)}`, waitMs: WAIT_MS, atWork });
  const operation = async () => (await store.get(ref(OPERATION, 'op-1')))?.value;
  const instance = async () => (await store.get(ref(INSTANCE, INSTANCE_ID)))?.value;
  return {
    store,
    tools,
    faults,
    requests,
    pass: (ms: number) => (nowMs += ms),
    published,
    deliver,
    operation,
    instance,
    looks: () => looks,
    takenMs: () => nowMs - START_MS,
  };
}
