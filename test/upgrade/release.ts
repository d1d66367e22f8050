import { KINDS } from '#shared/datastore/kinds.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { Store } from '#shared/datastore/store.ts';
import { insert, ref, type Row } from '#shared/datastore/write.ts';
import { type Instance, OPERATION_KINDS, type OperationKind } from '#shared/domain/instance.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { presentInstance, presentOperation } from '#shared/families/compute/present.ts';
import { Compute } from '#shared/gce/compute.ts';
import { Disks } from '#shared/gce/disks.ts';
import { enqueue } from '#shared/lifecycle/queue-operation.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { recordDeadLetter } from '#shared/workers/record-dead-letter.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import type { SweepTools } from '#shared/workers/sweep-tools.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { anInstance } from '#test/support/an-instance.ts';

/*
 * One release of the product as the rows see it: what accepts, carries out, sweeps and reads. This file is bundled with the
 * sources of each release (`keep-release.ts`), so a test can let two releases work on the same rows, one after the other.
 */

/** Where a release works. All of it is plain data and functions: nothing of one release gets into another. */
export interface Place {
  readonly project: string;
  readonly label: string;
  readonly datastoreAddress: string;
  readonly computeAddress: string;
  readonly nowMs: () => number;
}

/** Properties of a row as Datastore's client has them. */
export type RawProperties = Readonly<Record<string, object>>;

export interface Release {
  readonly operationKinds: readonly string[];
  /** Names of the kinds of rows. */
  readonly rowKinds: readonly string[];
  /** The words of closed lists that rows of a kind have, by member. */
  words(kind: string): Readonly<Record<string, readonly string[]>>;
  /** Reads properties and writes what was read: what a masked write of this release puts into the row. */
  rewritten(kind: string, properties: RawProperties): RawProperties;
  /** What was read. */
  read(kind: string, properties: RawProperties): unknown;
  open(place: Place): OpenRelease;
}

export interface OpenRelease {
  /** Puts an instance on record whose create is accepted. */
  begin(instanceId: string, operationId: string): Promise<void>;
  /** Accepts an operation of any kind, a newer release's too. */
  accept(kind: string, instanceId: string, operationId: string): Promise<void>;
  /** Delivers the message of an operation: `done` or `waiting`. */
  deliver(instanceId: string, operationId: string): Promise<string>;
  deadLetter(instanceId: string, operationId: string): Promise<void>;
  /** Answers how many parts of the sweep failed. */
  sweep(): Promise<number>;
  /** What callers are shown; `undefined` for what is not on record. */
  shown(instanceId: string, operationId: string): Promise<{ readonly instance: unknown; readonly operation: unknown }>;
  /** Messages of the log that are worse than information. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const ACTOR = { type: 'user', id: '550e8400-e29b-41d4-a716-446655440000' } as const;
const KEPT_MS = 7 * 86_400_000;
/** A delivery waits for nothing: each of its calls is followed by the next one, which may be the other release's. */
const WAIT_MS = 0;

function kindNamed(name: string) {
  const kind = KINDS.find((each) => each.name === name);
  if (kind === undefined) throw new Error(`This release has no rows of kind ${name}.`);
  return kind;
}

export const release: Release = {
  operationKinds: OPERATION_KINDS,
  rowKinds: KINDS.map(({ name }) => name),
  words: (kind) => kindNamed(kind).words,
  rewritten: (kind, properties) => kindNamed(kind).encode(kindNamed(kind).decode(properties, 'id')),
  read: (kind, properties) => kindNamed(kind).decode(properties, 'id'),
  open,
};

function open({ project, label, datastoreAddress, computeAddress, nowMs }: Place): OpenRelease {
  let hexes = 0;
  const complaints: string[] = [];
  const complain = (message: string) => void complaints.push(message);
  const sleep = async () => undefined;
  const random = { hex: (bytes: number) => String((hexes += 1)).padStart(bytes * 2, '0'), fraction: () => 0 };
  const store = new Store({ project, database: '', emulatorHost: datastoreAddress, random: random.fraction, sleep });
  const compute = new Compute({ project, deployment: label, emulatorHost: computeAddress });
  const disks = new Disks({ project, deployment: label, emulatorHost: computeAddress });
  const log = { info: () => undefined, warn: complain, error: complain, critical: complain };
  const publisher = { publish: async () => undefined } as unknown as Tools['publisher'];
  const tools: SweepTools = { store, compute, disks, publisher, log, nowMs, sleep, random };
  const atWork = new CustomersAtWork();
  const made = (id: string) => ({ id, actor: ACTOR, requestId: `request-${id}`, atMs: nowMs() });

  return {
    begin: async (id, operationId) => {
      const machine = { ...anInstance().machine, machineType: 'e2-medium' };
      const queue = [{ id: operationId, kind: 'create' as const }];
      const instance = anInstance({ id, machine, queue, status: 'PROVISIONING', createdAtMs: nowMs() });
      const operation = pendingOperation('create', instance, made(operationId));
      await store.write([insert(INSTANCE, id, instance), insert(OPERATION, operationId, operation)]);
    },
    accept: async (kind, instanceId, operationId) => {
      const row = await required(store, instanceId);
      const operation = pendingOperation(kind as OperationKind, row.value, made(operationId));
      await store.write([insert(OPERATION, operationId, operation), ...enqueue(row, operation, nowMs())]);
    },
    deliver: (instanceId, operationId) =>
      runOperation({ instanceId, operationId }, tools, { worker: `${label}-worker`, waitMs: WAIT_MS, atWork }),
    deadLetter: (instanceId, operationId) =>
      recordDeadLetter(
        { messageId: `dead-${operationId}`, data: { operationId, instanceId }, attributes: {}, attempt: 10 },
        tools,
      ),
    sweep: async () => (await sweep({ identity: { database: '', epochMs: 0 }, keptMs: KEPT_MS }, tools)).failures,
    shown: async (instanceId, operationId) => {
      const [instance, operation] = await store.getAll([ref(INSTANCE, instanceId), ref(OPERATION, operationId)]);
      return {
        instance: instance && presentInstance(instance.value),
        operation: operation && presentOperation(operation.value),
      };
    },
    complaints,
    close: async () => {
      await Promise.all([store.close(), compute.close(), disks.close()]);
    },
  };
}

async function required(store: Store, instanceId: string): Promise<Row<Instance>> {
  const row = await store.get(ref(INSTANCE, instanceId));
  if (row === undefined) throw new Error(`${instanceId} is not on record.`);
  return row;
}
