import type { Reply } from '#shared/contracts/reply.ts';
import { BID, RECENT_BID, type RecentBid } from '#shared/datastore/bid-rows.ts';
import { IDEMPOTENCY, type IdempotencyRecord, USAGE, type Usage } from '#shared/datastore/bookkeeping-rows.ts';
import { PRICE, SPOT_PRICE } from '#shared/datastore/catalog-rows.ts';
import { IDEMPOTENCY_RETENTION_MS } from '#shared/datastore/retention.ts';
import { insert, ref, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { nextBidStep } from '#shared/domain/bid-steps.ts';
import { type Bid, type LaunchSpecification, withBidEvent } from '#shared/domain/bid.ts';
import { Failure } from '#shared/domain/failure.ts';
import { idOf } from '#shared/domain/fids.ts';
import type { IdempotencyKey } from '#shared/domain/idempotency-key.ts';
import type { Actor, Principal } from '#shared/domain/principal.ts';
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
import { replayed, requireSameUse, writeRecord } from './idempotent.ts';
import { oneCreateAtATime } from './one-create-at-a-time.ts';

/** What is asked for. */
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
  /** First part of the ids of instances: `tw`. */
  readonly idPrefix: string;
  readonly wish: BidWish;
  /** The whole body: the same request again is told by it. */
  readonly body: unknown;
  /** What each instance is made of, looked up beside everything else; throws `not_found` for unknown names. */
  readonly machine: () => Promise<BidMachine>;
  readonly answer: (bid: Bid) => Reply;
}

/**
 * Clients of this family send a request again when its answer was lost, without a key. For this long the same request of
 * the same user answers with the bid that it made; they give up after their sixth try, a few minutes later.
 */
export const SAME_REQUEST_MS = 10 * 60_000;

interface Placed {
  readonly reply: Reply;
  readonly messages: readonly OperationMessage[];
}

/**
 * Places a bid. One commit holds the bid and, where the price allows it, all its instances, their creates and their quota;
 * the worker makes the machines. Throws `quota_exceeded` when the quota has no room for all of them, and `not_found` for a machine
 * type without a price.
 */
export async function placeBid(request: PlaceBidRequest, tools: BidTools): Promise<Reply> {
  const { reply, messages } = await oneCreateAtATime(request.caller.customerId, () => acceptBid(request, tools), tools);
  await publishOperations(messages, tools);
  return reply;
}

function acceptBid(request: PlaceBidRequest, { store, nowMs, random }: BidTools): Promise<Placed> {
  const { caller, wish, idempotencyKey } = request;
  if (!caller.projects.includes(wish.project)) {
    throw new Failure('not_found', 'Project not found.', { reason: 'project_not_found' });
  }
  requireGroups(caller);
  const lookedUp = request.machine();
  // What is not in the catalogue (any more) matters only to a request that is not a repeat.
  lookedUp.catch(() => undefined);
  // Made once: after a lost answer the bid's row tells whether the commit was applied.
  const id = `bid_${random.hex(8)}`;
  const recentRef = idempotencyKey === undefined ? ref(RECENT_BID, recentId(request)) : undefined;
  return store.change<Placed>(async () => {
    // The type is named by its machine type, so its prices are read beside the rest.
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
    const placed = newBid(id, { request, made: await lookedUp, atMs });
    const spotCents = spotCentsIn({ onDemand: onDemand?.value, spot: spot?.value }, placed.zone, atMs);
    // A type without a price is in no list of offers, and would cost nothing.
    if (spotCents === undefined) throw typeNotFound();
    const volumes = await readVolumes(wish.launch.volumes, { ...caller, project: wish.project }, { store });
    const { bid, writes, messages } = launchedNow(placed, { request, usage, volumes, spotCents, random });
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

/** The same user, project and body; the name is part of the body. */
function recentId({ caller, wish, body }: PlaceBidRequest): string {
  return `${caller.customerId}|${sha256(sortedJson([caller.userId, wish.project, body]))}`;
}

/** The bid that the same request has made, while it is neither paused nor cancelled: after that a new one is meant. */
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

/** The volumes as the bid's, and on the way to its first instance where there is one. */
function volumeWrites(bid: Bid, volumes: readonly Row<Volume>[], nowMs: () => number): readonly Write[] {
  const claim = bidClaim(bid, '/launch_specification/volumes');
  const [instanceId] = bid.instances;
  if (instanceId === undefined) return claimVolumes(volumes, claim);
  return claimAndAssignVolumes(volumes, { ...claim, instanceId }, { nowMs });
}

/** The bid with its instances where the price allows it; otherwise as it waits for the price. */
function launchedNow(
  placed: Bid,
  {
    request,
    usage,
    volumes,
    spotCents,
    random,
  }: {
    readonly request: PlaceBidRequest;
    readonly usage: Row<Usage> | undefined;
    readonly volumes: readonly Row<Volume>[];
    readonly spotCents: number | undefined;
    readonly random: BidTools['random'];
  },
) {
  const { actor, requestId } = request;
  const { maxInstances } = request.tier;
  const atMs = placed.createdAtMs;
  const step = nextBidStep(placed, { instances: [], spotCents, nowMs: atMs });
  if (step.do === 'launch') return launchBid(placed, { usage, volumes, maxInstances, actor, requestId, atMs, random });
  // What never fits is refused now, whatever the price will be.
  reserve(0, maxInstances, placed.quantity);
  return { bid: step.bid ?? placed, writes: [], messages: [] };
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
    createdAtMs: atMs,
    deactivatedAtMs: null,
    checkAtMs: atMs,
    events: [],
  };
  return withBidEvent(bid, { type: 'Placed', atMs, actor, limitCents: wish.limitCents });
}

/** The first answer of a key. It is final once it is on record: the machines are made afterwards. */
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
