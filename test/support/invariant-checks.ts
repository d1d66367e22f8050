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
 * The design's invariants, as pure checks over a snapshot of records and cloud, taken while nothing is in progress.
 * Used by the tests of the local cloud and by the simulation.
 */

/** Value of the label with which a local cloud marks its VMs. */
const DEPLOYMENT = 'local';

/** A VM as Compute Engine shows it, with the members that are compared with its record. */
export interface SeenMachine extends Machine {
  readonly id: string;
  readonly deletionProtection?: boolean;
  /** A URL or partial URL whose last segment is the type's name. */
  readonly machineType: string;
  readonly networkInterfaces: readonly {
    readonly networkIP?: string;
    readonly accessConfigs?: readonly { readonly natIP?: string }[];
  }[];
}

/** Everything that the invariants compare, read while nothing is in progress. */
export interface Snapshot extends FleetSnapshot {
  readonly machines: readonly SeenMachine[];
  readonly operations: readonly Operation[];
  readonly events: readonly InstanceEvent[];
  readonly orphans: readonly Orphan[];
  readonly usages: readonly { readonly customerId: string; readonly instances: number; readonly limit: number }[];
  /** Idempotency records of creates, with the operation that each names. */
  readonly keyed: readonly { readonly key: string; readonly operationId: string }[];
}

/** Reads the records and joins them with what the cloud reports. */
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
    // The control interface returns Compute Engine's whole resources; the type of the tests declares only a part.
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
    // The idempotency record of a bid names no operation.
    keyed: keyed
      .filter(({ value }) => value.operationId !== '')
      .map(({ id, value }) => ({ key: id, operationId: value.operationId })),
  };
}

async function tierOf(customerId: string, { store }: Records): Promise<Tier | undefined> {
  const customer = await store.get(ref(CUSTOMER, customerId));
  return (await store.get(ref(TIER, customer?.value.tier ?? '')))?.value;
}

/** Returns every violation of the design, one line each, beginning with the number of the invariant. */
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
 * 1. One idempotency key creates at most one VM, ever: there is one create per key, and one applied insert per create.
 * An insert whose operation failed made no VM, so the next insert is a new attempt.
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

/** 2. Every VM with the deployment's label has a record or is listed as an orphan to be deleted. */
function everyMachineRecorded({ machines, instances, orphans }: Snapshot): readonly string[] {
  return machines
    .filter(({ labels, ...machine }) => labels?.['compute-api'] === DEPLOYMENT && !isProtected(machine))
    .filter(({ name }) => !instances.some(({ id }) => id === name) && !orphans.some((gone) => gone.name === name))
    .map(({ name }) => `2: the VM ${name} has neither a record nor a place in the quarantine`);
}

function isProtected(machine: object): boolean {
  return 'deletionProtection' in machine && machine.deletionProtection === true;
}

/** 3. The instances counted for a customer are those on record, and within the limit. */
function quotaExact({ usages, instances }: Snapshot): readonly string[] {
  const live = counted(instances.map(({ customerId }) => customerId));
  return usages.flatMap(({ customerId, instances: used, limit }) => [
    ...(used === (live.get(customerId) ?? 0)
      ? []
      : [`3: ${customerId} has ${live.get(customerId) ?? 0} instances and ${used} are counted`]),
    ...(limit < 0 || used <= limit ? [] : [`3: ${customerId} uses ${used} of ${limit}`]),
  ]);
}

/** 4. Every accepted operation reaches a final state and leaves the queue of its instance. */
function everyOperationFinal({ operations, instances }: Snapshot): readonly string[] {
  return [
    ...operations.filter(({ state }) => !isFinal(state)).map(({ id, kind, state }) => `4: ${kind} ${id} is ${state}`),
    ...instances.filter(({ queue }) => queue.length > 0).map(({ id, queue }) => `4: ${id} queues ${queue.length}`),
  ];
}

/** 5. No call is applied twice for one operation, and every call belongs to an operation or to a clean-up. */
function noCallTwice({ calls, operations }: Snapshot): readonly string[] {
  const owners = new Map<string, Operation>();
  for (const operation of operations) {
    for (let call = 1; call <= Math.max(1, operation.callCount); call += 1)
      owners.set(requestUuid(operation.id, call), operation);
    // A forced delete first removes the VM's deletion protection, in a call with its own request id.
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
  // The sweep deletes VMs that no longer have a record. VMs that never had one are stopped first.
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

/** 6. The record shows the VM's real status, addresses, id, machine type and protection from deletion. */
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
      protection(machine.deletionProtection ?? false),
    ].join(' ');
    const { status, internalIp, externalIp, cloudId, machine: made, deletionProtection } = instance;
    const type = plainType(made.machineType);
    const shown = [status, internalIp, externalIp, cloudId, type, protection(deletionProtection)].join(' ');
    return truth === shown ? [] : [`6: ${instance.id} is shown as «${shown}» and is «${truth}»`];
  });
}

function protection(isOn: boolean): string {
  return isOn ? 'protected' : 'unprotected';
}

/** Returns one spelling of an N1 custom type, which has two: `custom-…` and `n1-custom-…`. */
function plainType(machineType: string): string {
  return machineType.replace(/^n1-custom-/, 'custom-');
}

/**
 * 7. Every instance ever created has a history without gaps, in the order of its times, which ends in DELETED or in the
 * status on record.
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
