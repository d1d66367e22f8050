import type { Reply } from '#shared/contracts/reply.ts';
import { BID, RECENT_BID, type RecentBid } from '#shared/datastore/bid-rows.ts';
import { IDEMPOTENCY, type IdempotencyRecord, USAGE, type Usage } from '#shared/datastore/bookkeeping-rows.ts';
import { PRICE, SPOT_PRICE } from '#shared/datastore/catalog-rows.ts';
import { INSTANCES_OF_CUSTOMER } from '#shared/datastore/queries.ts';
import { IDEMPOTENCY_RETENTION_MS } from '#shared/datastore/retention.ts';
import { insert, ref, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { nextBidStep, waitForRoom } from '#shared/domain/bid-steps.ts';
import { type Bid, type LaunchSpecification, withBidEvent } from '#shared/domain/bid.ts';
import { Failure } from '#shared/domain/failure.ts';
import { idOf } from '#shared/domain/fids.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';
import type { Actor, Principal } from '#shared/domain/principal.ts';
import { isLeaving } from '#shared/domain/power.ts';
import { reserve } from '#shared/domain/quota.ts';
import { spotCents as spotCentsIn, typeNotFound } from '#shared/domain/machine-offer.ts';
import type { Tier } from '#shared/domain/tier.ts';
import type { Volume } from '#shared/domain/volume.ts';
import { sha256, sortedJson } from '#shared/http/idempotency.ts';
import type { BidTools } from '#shared/lifecycle/advance-bid.ts';
import { bidClaim } from '#shared/lifecycle/bid-volumes.ts';
import { launchBid } from '#shared/lifecycle/launch-bid.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { claimAndAssignVolumes, claimVolumes, readVolumes } from '#shared/lifecycle/volume-claims.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { requireGroups } from './accept-create.ts';
import type { BidMachine } from './bid-machine.ts';
import { projectNotFound } from './require-project.ts';
import { replayed, requireSameUse, writeRecord } from './idempotent.ts';
import { oneCreateAtATime } from './one-create-at-a-time.ts';

/** The bid that the caller requests. */
export interface BidWish {
  readonly project: string;
  readonly name: string;
  readonly zone: string;
  /** fid. */
  readonly instanceType: string;
  readonly quantity: number;
  readonly limitCents: number;
  readonly launch: LaunchSpecification;
}

export interface PlaceBidRequest {
  readonly caller: Principal;
  readonly actor: Actor;
  readonly tier: Tier;
  readonly requestId: string;
  readonly idempotencyKey: IdempotencyKey | undefined;
  /** Prefix of the ids of instances, for example `tw`. */
  readonly idPrefix: string;
  readonly wish: BidWish;
  /** The whole request body; its hash identifies repeats of the same request. */
  readonly body: unknown;
  /** Resolves the machine of each instance; called while rows are read. Throws `not_found` for unknown names. */
  readonly machine: () => Promise<BidMachine>;
  readonly answer: (bid: Bid) => Reply;
}

/**
 * Clients of this family retry a request whose response was lost, without an Idempotency-Key, up to six times within a
 * few minutes. For this long, the same request by the same user returns the bid that the first one created.
 */
export const SAME_REQUEST_MS = 10 * 60_000;

interface Placed {
  readonly reply: Reply;
  readonly messages: readonly OperationMessage[];
}

/**
 * Places a bid. If the limit meets the price, one commit holds the bid, its instances, their create operations and
 * their quota; otherwise only the bid. The worker creates the VMs. If the quota will have room for all instances when
 * those that are being deleted are gone, the bid waits for that: a cluster may be cancelled and placed again at once.
 * Throws `quota_exceeded` if the quota has no room even then, and `not_found` for a machine type without a price.
 */
export async function placeBid(request: PlaceBidRequest, tools: BidTools): Promise<Reply> {
  const { reply, messages } = await oneCreateAtATime(request.caller.customerId, () => acceptBid(request, tools), tools);
  await publishOperations(messages, tools);
  return reply;
}

function acceptBid(request: PlaceBidRequest, { store, nowMs, random }: BidTools): Promise<Placed> {
  const { caller, wish, idempotencyKey } = request;
  if (!caller.projects.includes(wish.project)) {
    throw projectNotFound(caller, wish.project);
  }
  requireGroups(caller);
  const lookedUp = request.machine();
  // A name that the catalogue lacks must not fail a repeated request, so the rejection is handled only where it is
  // awaited.
  lookedUp.catch(() => undefined);
  // Generated once, outside the retried transaction: after a lost response the bid's row shows whether it was
  // committed.
  const id = `bid_${random.hex(8)}`;
  const recentRef = idempotencyKey === undefined ? ref(RECENT_BID, recentId(request)) : undefined;
  return store.change<Placed>(async () => {
    // The instance type's fid yields the machine type, so prices are read in the same look-up as the other rows.
    const machineType = idOf('instanceType', wish.instanceType);
    const [usage, earlier, recent, onDemand, spot] = await store.getAll([
      ref(USAGE, caller.customerId),
      idempotencyKey && ref(IDEMPOTENCY, idempotencyKey.id),
      recentRef,
      machineType === undefined ? undefined : ref(PRICE, machineType),
      machineType === undefined ? undefined : ref(SPOT_PRICE, machineType),
    ]);
    const atMs = nowMs();
    if (idempotencyKey !== undefined && earlier !== undefined && earlier.value.expireAtMs > atMs) {
      requireSameUse(earlier.value, idempotencyKey, caller);
      return { writes: [], result: { reply: replayed(earlier.value), messages: [] } };
    }
    const repeated = recent === undefined ? undefined : await liveBid(recent.value, atMs, store);
    if (repeated !== undefined) return { writes: [], result: { reply: request.answer(repeated), messages: [] } };
    const made = await lookedUp;
    const placed = newBid(id, { request, made, atMs });
    const spotCents = spotCentsIn({ onDemand: onDemand?.value, spot: spot?.value }, placed.zone, atMs);
    // A type without a price is not offered; its instances would cost nothing.
    if (spotCents === undefined) throw typeNotFound(wish.instanceType, made.others);
    const volumes = await readVolumes(wish.launch.volumes, { ...caller, project: wish.project }, { store });
    const seen = { request, usage, volumes, spotCents, random, store };
    const { bid, writes, messages } = await launchedNow(placed, seen);
    const reply = request.answer(placed);
    return {
      writes: [
        ...writes,
        insert(BID, id, bid),
        ...volumeWrites(bid, volumes, nowMs),
        ...(recentRef === undefined ? [] : [noteRecent(recentRef.id, recent, { bidId: id, atMs })]),
        ...(idempotencyKey === undefined
          ? []
          : [writeRecord(idempotencyKey, earlier, recordOfBid(bid, { key: idempotencyKey, reply, atMs }))]),
      ],
      result: { reply, messages },
    };
  });
}

/** Returns the id under which repeats find this request: customer and a hash of user, project and body. */
function recentId({ caller, wish, body }: PlaceBidRequest): string {
  return `${caller.customerId}|${sha256(sortedJson([caller.userId, wish.project, body]))}`;
}

/**
 * Returns the bid that the same request created earlier. If that bid was paused or has ended, the request means a new
 * bid.
 */
async function liveBid(recent: RecentBid, atMs: number, store: BidTools['store']): Promise<Bid | undefined> {
  if (recent.expireAtMs <= atMs) return undefined;
  const row = await store.get(ref(BID, recent.bidId));
  const isOver = row === undefined || row.value.phase === 'ended' || row.value.phase === 'paused';
  return isOver ? undefined : row.value;
}

function noteRecent(
  id: string,
  earlier: Row<RecentBid> | undefined,
  { bidId, atMs }: { readonly bidId: string; readonly atMs: number },
): Write {
  const recent = { bidId, expireAtMs: atMs + SAME_REQUEST_MS };
  return earlier === undefined ? insert(RECENT_BID, id, recent) : replace(earlier, recent);
}

/** Returns the writes that assign the volumes to the bid and, if it has instances, to the first of them. */
function volumeWrites(bid: Bid, volumes: readonly Row<Volume>[], nowMs: () => number): readonly Write[] {
  const claim = bidClaim(bid, '/launch_specification/volumes');
  const [instanceId] = bid.instances;
  if (instanceId === undefined) return claimVolumes(volumes, claim);
  return claimAndAssignVolumes(volumes, { ...claim, instanceId }, { nowMs });
}

interface Seen extends Pick<BidTools, 'random' | 'store'> {
  readonly request: PlaceBidRequest;
  readonly usage: Row<Usage> | undefined;
  readonly volumes: readonly Row<Volume>[];
  readonly spotCents: number | undefined;
}

/**
 * Launches the bid's instances if its limit meets the price and the quota has room; otherwise returns the bid waiting for
 * the price, or for the end of instances that are being deleted.
 */
async function launchedNow(placed: Bid, { request, usage, volumes, spotCents, random, store }: Seen) {
  const { actor, requestId, tier } = request;
  const { maxInstances } = tier;
  const atMs = placed.createdAtMs;
  const step = nextBidStep(placed, { instances: [], spotCents, nowMs: atMs });
  if (step.do !== 'launch') {
    // A bid that can never fit the quota is refused now, not when its price is met.
    reserve(0, maxInstances, placed.quantity);
    return { bid: step.bid ?? placed, writes: [], messages: [] };
  }
  try {
    return launchBid(placed, { usage, volumes, maxInstances, actor, requestId, atMs, random });
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.kind !== 'quota_exceeded') throw thrown;
    const staying = Math.max(0, (usage?.value.instances ?? 0) - (await leavingOf(placed.customerId, store)));
    if (staying + placed.quantity > maxInstances) throw thrown;
    return { bid: waitForRoom(placed, atMs), writes: [], messages: [] };
  }
}

/** Rows read to find instances that are being deleted. The instances of a cluster cancelled a moment ago are among the newest. */
const LEAVING_MAX = 200;

/** Returns how many instances of the customer are being deleted: they still count against the quota. */
async function leavingOf(customerId: string, store: BidTools['store']): Promise<number> {
  const values = { customerId: { stringValue: customerId } };
  const { rows } = await store.query(INSTANCES_OF_CUSTOMER, values, { limit: LEAVING_MAX });
  return rows.filter(({ value }) => isLeaving(value)).length;
}

function newBid(
  id: string,
  { request, made, atMs }: { readonly request: PlaceBidRequest; readonly made: BidMachine; readonly atMs: number },
): Bid {
  const { caller, actor, tier, idPrefix, wish } = request;
  const bid: Bid = {
    ...wish,
    id,
    userId: caller.userId,
    customerId: caller.customerId,
    visibleBy: caller.groups,
    tier: tier.name,
    machine: { ...made.machine, spot: true },
    login: made.login,
    idPrefix,
    phase: 'waiting',
    instances: [],
    launched: false,
    lost: [],
    reason: null,
    attempts: 0,
    refusals: 0,
    createdAtMs: atMs,
    deactivatedAtMs: null,
    checkAtMs: atMs,
    events: [],
  };
  return withBidEvent(bid, { type: 'Placed', atMs, actor, limitCents: wish.limitCents });
}

/** Returns the idempotency record of the request. Its response is final at once, because VMs are created afterwards. */
function recordOfBid(
  bid: Bid,
  { key, reply, atMs }: { readonly key: IdempotencyKey; readonly reply: Reply; readonly atMs: number },
): IdempotencyRecord {
  return {
    bodyHash: key.bodyHash,
    operationId: '',
    instanceId: bid.id,
    customerId: bid.customerId,
    visibleBy: bid.visibleBy,
    status: reply.status,
    headers: reply.headers ?? {},
    body: JSON.stringify(reply.body),
    leaseUntilMs: 0,
    expireAtMs: atMs + IDEMPOTENCY_RETENTION_MS,
  };
}
