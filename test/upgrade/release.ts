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
 * One release of the product, reduced to what touches rows: accepting, executing, sweeping and reading. This file is
 * bundled with the sources of each release (`keep-release.ts`), so that a test can let two releases work on the same
 * rows alternately.
 */

/** The surroundings of a release: plain data and functions only, so that no object of one release reaches another. */
export interface Place {
  readonly project: string;
  readonly label: string;
  readonly datastoreAddress: string;
  readonly computeAddress: string;
  readonly nowMs: () => number;
}

/** A row's properties in the form of Datastore's client. */
export type RawProperties = Readonly<Record<string, object>>;

export interface Release {
  readonly operationKinds: readonly string[];
  /** Names of the kinds of rows. */
  readonly rowKinds: readonly string[];
  /** Returns the closed lists of words in rows of a kind, by member. */
  words(kind: string): Readonly<Record<string, readonly string[]>>;
  /** Decodes and encodes properties: returns what a masked write of this release stores in the row. */
  rewritten(kind: string, properties: RawProperties): RawProperties;
  /** Decodes properties. */
  read(kind: string, properties: RawProperties): unknown;
  open(place: Place): OpenRelease;
}

export interface OpenRelease {
  /** Stores an instance whose create was accepted. */
  begin(instanceId: string, operationId: string): Promise<void>;
  /** Accepts an operation of any kind, including a newer release's. */
  accept(kind: string, instanceId: string, operationId: string): Promise<void>;
  /** Delivers an operation's message; returns `done` or `waiting`. */
  deliver(instanceId: string, operationId: string): Promise<string>;
  deadLetter(instanceId: string, operationId: string): Promise<void>;
  /** Runs a sweep; returns how many of its parts failed. */
  sweep(): Promise<number>;
  /** Returns what callers are shown; a member is `undefined` if its record does not exist. */
  shown(instanceId: string, operationId: string): Promise<{ readonly instance: unknown; readonly operation: unknown }>;
  /** Messages that were logged with a severity above info. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

const ACTOR = { type: 'user', id: '550e8400-e29b-41d4-a716-446655440000' } as const;
const KEPT_MS = 7 * 86_400_000;
/** Deliveries do not wait, so that each call can be followed by one of the other release. */
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
