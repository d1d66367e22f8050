import { IDEMPOTENCY, type Orphan } from '#shared/datastore/bookkeeping-rows.ts';
import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { ORPHAN_DISK, VOLUME, VOLUME_USAGE } from '#shared/datastore/volume-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import type { InstanceEvent } from '#shared/domain/history.ts';
import { isFinal, type Operation } from '#shared/domain/operation.ts';
import { requestUuid, UNPROTECT_CALL } from '#shared/domain/request-uuid.ts';
import type { Tier } from '#shared/domain/tier.ts';
import { fleetViolations, type FleetSnapshot, isDiskCall } from './fleet-invariants.ts';
import type { CloudCall, Machine, SeenDisk } from './local-cloud.ts';
import type { Records } from './records.ts';

/*
 * The invariants of the design, as pure checks over what was seen of records and cloud at a moment when nothing is going
 * on. The tests of the local cloud and the simulation both use them.
 */

/** Value of the label that a local cloud puts on its VMs. */
const DEPLOYMENT = 'local';

/** A VM as Compute Engine shows it, with what is compared with its record. */
export interface SeenMachine extends Machine {
  readonly id: string;
  /** URL or partial URL that ends with the bare name. */
  readonly machineType: string;
  readonly networkInterfaces: readonly {
    readonly networkIP?: string;
    readonly accessConfigs?: readonly { readonly natIP?: string }[];
  }[];
}

/** Everything that the invariants speak of, at a moment when nothing is going on. */
export interface Snapshot extends FleetSnapshot {
  readonly machines: readonly SeenMachine[];
  readonly operations: readonly Operation[];
  readonly events: readonly InstanceEvent[];
  readonly orphans: readonly Orphan[];
  readonly usages: readonly { readonly customerId: string; readonly instances: number; readonly limit: number }[];
  /** Which operation an idempotency record of a create names. */
  readonly keyed: readonly { readonly key: string; readonly operationId: string }[];
}

/** What is on record, beside what the cloud has seen. */
export async function snapshotOf(
  records: Records,
  cloud: {
    readonly calls: readonly CloudCall[];
    readonly machines: readonly Machine[];
    readonly disks: readonly SeenDisk[];
  },
): Promise<Snapshot> {
  const [bids, volumes, orphanDisks, volumeUsages] = await Promise.all([
    records.all(BID),
    records.all(VOLUME),
    records.all(ORPHAN_DISK),
    records.all(VOLUME_USAGE),
  ]);
  const [instances, operations, events, orphans, usages, keyed] = await Promise.all([
    records.instances(),
    records.operations(),
    records.events(),
    records.orphans(),
    records.usages(),
    records.all(IDEMPOTENCY),
  ]);
  const limits = await Promise.all(usages.map(async ({ id }) => (await tierOf(id, records))?.maxInstances ?? 0));
  const gbLimits = await Promise.all(volumeUsages.map(async ({ id }) => (await tierOf(id, records))?.maxVolumeGb ?? 0));
  return {
    calls: cloud.calls,
    disks: cloud.disks,
    bids: bids.map(({ value }) => value),
    volumes: volumes.map(({ value }) => value),
    orphanDisks: orphanDisks.map(({ id }) => id),
    volumeUsages: volumeUsages.map(({ id, value }, index) => ({
      customerId: id,
      gb: value.gb,
      limit: gbLimits[index] ?? 0,
    })),
    // They are Compute Engine's resources whole.
    machines: cloud.machines as readonly SeenMachine[],
    instances: instances.map(({ value }) => value),
    operations: operations.map(({ value }) => value),
    events: events.map(({ value }) => value),
    orphans: orphans.map(({ value }) => value),
    usages: usages.map(({ id, value }, index) => ({
      customerId: id,
      instances: value.instances,
      limit: limits[index] ?? 0,
    })),
    // The record of a bid's key names no operation.
    keyed: keyed
      .filter(({ value }) => value.operationId !== '')
      .map(({ id, value }) => ({ key: id, operationId: value.operationId })),
  };
}

async function tierOf(customerId: string, { store }: Records): Promise<Tier | undefined> {
  const customer = await store.get(ref(CUSTOMER, customerId));
  return (await store.get(ref(TIER, customer?.value.tier ?? '')))?.value;
}

/** What is not as the design says, one line each; they begin with the number of the invariant. */
export function violations(seen: Snapshot): readonly string[] {
  return [
    ...oneMachinePerKey(seen),
    ...everyMachineRecorded(seen),
    ...quotaExact(seen),
    ...everyOperationFinal(seen),
    ...noCallTwice(seen),
    ...truthShown(seen),
    ...historyKept(seen),
    ...fleetViolations(seen),
  ];
}

/**
 * 1. One idempotency key makes at most one VM, ever: one create per key, one applied insert per create. An insert whose
 * operation failed has made none, so the next one is a new attempt.
 */
function oneMachinePerKey({ calls, operations, keyed }: Snapshot): readonly string[] {
  const created = new Map(operations.filter(({ kind }) => kind === 'create').map((made) => [made.id, made.instanceId]));
  const inserts = counted(calls.filter(isApplied('instances.insert')).map(({ instance }) => instance));
  const creates = counted([...created.values()]);
  return [
    ...[...inserts].filter(([, count]) => count > 1).map(([name, count]) => `1: ${name} was inserted ${count} times`),
    ...[...creates].filter(([, count]) => count > 1).map(([name, count]) => `1: ${name} has ${count} creates`),
    ...keyed
      .filter(({ operationId }) => !operations.some(({ id }) => id === operationId))
      .map(({ key }) => `1: the key ${key} names no operation`),
  ];
}

/** 2. Every VM with our label has exactly one record or is on the list of VMs that have to go. */
function everyMachineRecorded({ machines, instances, orphans }: Snapshot): readonly string[] {
  return machines
    .filter(({ labels, ...machine }) => labels?.['compute-api'] === DEPLOYMENT && !isProtected(machine))
    .filter(({ name }) => !instances.some(({ id }) => id === name) && !orphans.some((gone) => gone.name === name))
    .map(({ name }) => `2: the VM ${name} has neither a record nor a place in the quarantine`);
}

function isProtected(machine: object): boolean {
  return 'deletionProtection' in machine && machine.deletionProtection === true;
}

/** 3. Quota used is the number of live instances and within the limit. */
function quotaExact({ usages, instances }: Snapshot): readonly string[] {
  const live = counted(instances.map(({ customerId }) => customerId));
  return usages.flatMap(({ customerId, instances: used, limit }) => [
    ...(used === (live.get(customerId) ?? 0)
      ? []
      : [`3: ${customerId} has ${live.get(customerId) ?? 0} instances and ${used} are counted`]),
    ...(limit < 0 || used <= limit ? [] : [`3: ${customerId} uses ${used} of ${limit}`]),
  ]);
}

/** 4. Every accepted operation reaches a final state, and leaves the queue of its instance. */
function everyOperationFinal({ operations, instances }: Snapshot): readonly string[] {
  return [
    ...operations.filter(({ state }) => !isFinal(state)).map(({ id, kind, state }) => `4: ${kind} ${id} is ${state}`),
    ...instances.filter(({ queue }) => queue.length > 0).map(({ id, queue }) => `4: ${id} queues ${queue.length}`),
  ];
}

/** 5. No call is applied twice for one operation; and every call was made for an operation, or to clean up. */
function noCallTwice({ calls, operations }: Snapshot): readonly string[] {
  const owners = new Map<string, Operation>();
  for (const operation of operations) {
    for (let call = 1; call <= Math.max(1, operation.callCount); call += 1)
      owners.set(requestUuid(operation.id, call), operation);
    // A forced delete takes the protection off first, under a number of its own.
    if (operation.kind === 'delete') owners.set(requestUuid(operation.id, UNPROTECT_CALL), operation);
  }
  // A call whose operation failed changed nothing; the next attempt is a new call.
  const applied = calls.filter((call) => isApplied(call.method)(call) && owners.has(call.requestId ?? ''));
  const perVerb = counted(
    applied.map(({ method, requestId }) => {
      const owner = owners.get(requestId ?? '');
      return `${method} for ${owner?.kind ?? ''} ${owner?.id ?? ''} of ${owner?.instanceId ?? ''}`;
    }),
  );
  // The sweep deletes what has no record any more, and first stops what never had one.
  const known = new Set(operations.map(({ instanceId }) => instanceId));
  const cleansUp = ({ method, instance }: Snapshot['calls'][number]): boolean =>
    method === 'instances.delete' || (method === 'instances.stop' && !known.has(instance));
  const strange = calls.filter(
    (call) =>
      call.outcome === 'applied' &&
      !isDiskCall(call) &&
      !cleansUp(call) &&
      call.requestId !== null &&
      !owners.has(call.requestId),
  );
  return [
    ...[...perVerb].filter(([, count]) => count > 1).map(([what, count]) => `5: ${what} was applied ${count} times`),
    ...strange.map(({ method, instance }) => `5: ${method} of ${instance} was made for no operation`),
  ];
}

/** 6. What is shown is what the VM is. */
function truthShown({ instances, machines }: Snapshot): readonly string[] {
  return instances.flatMap((instance) => {
    const machine = machines.find(({ name }) => name === instance.id);
    if (machine === undefined)
      return instance.status === 'ERROR' ? [] : [`6: ${instance.id} is shown as ${instance.status} and has no VM`];
    const [nic] = machine.networkInterfaces;
    const truth = [
      machine.status,
      nic?.networkIP ?? '',
      nic?.accessConfigs?.[0]?.natIP ?? '',
      machine.id,
      plainType(machine.machineType.slice(machine.machineType.lastIndexOf('/') + 1)),
    ].join(' ');
    const { status, internalIp, externalIp, cloudId, machine: made } = instance;
    const shown = [status, internalIp, externalIp, cloudId, plainType(made.machineType)].join(' ');
    return truth === shown ? [] : [`6: ${instance.id} is shown as «${shown}» and is «${truth}»`];
  });
}

/** An N1 custom type goes by two names. */
function plainType(machineType: string): string {
  return machineType.replace(/^n1-custom-/, 'custom-');
}

/**
 * 7. Every instance that ever was has a history without gaps, in the order of its times, which ends in DELETED or in what
 * is shown now.
 */
function historyKept({ operations, events, instances }: Snapshot): readonly string[] {
  const everMade = new Set(operations.filter(({ kind }) => kind === 'create').map(({ instanceId }) => instanceId));
  return [...everMade].flatMap((id) => {
    const own = events.filter(({ instanceId }) => instanceId === id).sort((a, b) => a.sequence - b.sequence);
    const gap = own.findIndex(({ sequence }, index) => sequence !== index + 1);
    if (own.length === 0 || gap >= 0) return [`7: the history of ${id} has a gap at ${gap + 1}`];
    const back = own.findIndex(({ atMs }, index) => atMs < (own[index - 1]?.atMs ?? 0));
    if (back >= 0) return [`7: the history of ${id} goes back in time at event ${back + 1}`];
    const instance = instances.find((candidate) => candidate.id === id);
    const last = own.at(-1)?.status;
    const expected = instance?.status ?? 'DELETED';
    const counts = instance === undefined || instance.eventCount === own.length;
    return last === expected && counts ? [] : [`7: the history of ${id} ends in ${last ?? ''}, not in ${expected}`];
  });
}

function isApplied(method: string): (call: CloudCall) => boolean {
  return (call) => call.method === method && call.outcome === 'applied' && call.operationError === undefined;
}

function counted(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
