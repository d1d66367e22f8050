import { USAGE, type Usage } from '#shared/datastore/bookkeeping-rows.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { insert, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { type Bid, bidInstanceName } from '#shared/domain/bid.ts';
import { nextEvent } from '#shared/domain/history.ts';
import { instanceId, operationId, type Random } from '#shared/domain/ids.ts';
import type { AttachedVolume, Instance } from '#shared/domain/instance.ts';
import { UNMETERED } from '#shared/domain/metering.ts';
import { type Operation, pendingOperation } from '#shared/domain/operation.ts';
import type { Actor } from '#shared/domain/principal.ts';
import { reserve } from '#shared/domain/quota.ts';
import type { Volume } from '#shared/domain/volume.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { firstWrites } from './instance-writes.ts';
import { volumesOf } from './volume-claims.ts';

/** Id of the network config whose network and tags the instances of bids get. */
export const BID_CONFIG = 'default-network';

/** The reconciler compares a new record with its VM after this time, unless a worker has by then. */
const FIRST_CHECK_MS = 120_000;
/** The bid is checked after this time, unless one of its creates ends before. */
const LAUNCH_LOOK_MS = 60_000;

export interface LaunchContext {
  readonly usage: Row<Usage> | undefined;
  /** The bid's volumes; its first instance is created with them. */
  readonly volumes: readonly Row<Volume>[];
  /** The customer's quota of instances. */
  readonly maxInstances: number;
  readonly actor: Actor;
  readonly requestId: string;
  readonly atMs: number;
  readonly random: Random;
}

export interface Launch {
  /** The bid with its instances; not among `writes`. */
  readonly bid: Bid;
  readonly writes: readonly Write[];
  readonly messages: readonly OperationMessage[];
}

/**
 * Returns, for one commit, all instances of a bid with their create operations and one reservation of quota for all of
 * them. The worker carries out the creates. Throws `quota_exceeded` when the quota has no room for all instances.
 */
export function launchBid(bid: Bid, context: LaunchContext): Launch {
  const { usage, atMs, random } = context;
  const instances = reserve(usage?.value.instances ?? 0, context.maxInstances, bid.quantity);
  const made = idsInOrder(bid, random).map((id, index) => {
    const blank = newInstance(bid, { id, n: index + 1, atMs, volumes: index === 0 ? volumesOf(context.volumes) : [] });
    const { actor, requestId } = context;
    const operation = pendingOperation('create', blank, { id: operationId(atMs, random), actor, requestId, atMs });
    return { blank, operation };
  });
  return {
    bid: {
      ...bid,
      phase: 'launching',
      instances: made.map(({ blank }) => blank.id),
      launched: false,
      lost: [],
      reason: null,
      checkAtMs: atMs + LAUNCH_LOOK_MS,
    },
    writes: [
      ...made.flatMap(({ blank, operation }) => [
        ...born(blank, operation),
        insert(OPERATION, operation.id, operation),
      ]),
      usage === undefined ? insert(USAGE, bid.customerId, { instances }) : replace(usage, { instances }),
    ],
    messages: made.map(({ blank, operation }) => ({
      operationId: operation.id,
      instanceId: blank.id,
      customerId: bid.customerId,
    })),
  };
}

/**
 * Returns the ids of the bid's instances in descending order. Lists sort instances of one creation time by descending id,
 * and clients take the first instance of a list as the head of their cluster. It must be `<name>-1`, as in the bid.
 */
function idsInOrder({ idPrefix, userId, quantity }: Bid, random: Random): readonly string[] {
  const ids = Array.from({ length: quantity }, () => instanceId(idPrefix, userId, random));
  return ids.sort((a, b) => (a < b ? 1 : -1));
}

/** Returns the writes of the record with its first event and its create in the queue. */
function born(blank: Instance, operation: Operation): readonly Write[] {
  const event = nextEvent(blank, {
    status: 'PROVISIONING',
    atMs: operation.createdAtMs,
    cause: 'operation',
    actor: operation.actor,
    operationId: operation.id,
  });
  const queue = [{ id: operation.id, kind: 'create' as const }];
  const instance = { ...blank, queue, eventCount: 1, lastEventAtMs: operation.createdAtMs };
  // The event is written first: it never changes, so after a lost response it shows whether the commit was applied.
  return firstWrites({ instance, event }).toReversed();
}

function newInstance(
  bid: Bid,
  {
    id,
    n,
    atMs,
    volumes,
  }: {
    readonly id: string;
    readonly n: number;
    readonly atMs: number;
    readonly volumes: readonly AttachedVolume[];
  },
): Instance {
  return {
    id,
    userId: bid.userId,
    customerId: bid.customerId,
    project: bid.project,
    visibleBy: bid.visibleBy,
    displayName: bidInstanceName(bid, n),
    zone: bid.zone,
    machine: volumes.length === 0 ? bid.machine : { ...bid.machine, volumes },
    login: bid.login,
    templateId: '',
    configId: BID_CONFIG,
    spec: null,
    bid: bid.id,
    reservation: null,
    deletionProtection: false,
    status: 'PROVISIONING',
    statusReason: null,
    statusSinceMs: atMs,
    preempted: false,
    statusSyncedAtMs: atMs,
    externalIp: '',
    internalIp: '',
    cloudId: '',
    createdAtMs: atMs,
    queue: [],
    lastOperation: null,
    eventCount: 0,
    lastEventAtMs: 0,
    checkAtMs: atMs + FIRST_CHECK_MS,
    metering: UNMETERED,
  };
}
