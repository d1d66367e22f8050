import { CUSTOMER, SUSPENSION } from '#shared/datastore/account-rows.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { PRICE, SPOT_PRICE, TIER } from '#shared/datastore/catalog-rows.ts';
import { SSH_KEYS_GIVEN } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { type BidStep, type BidView, nextBidStep, putOff, SPOT_MARKET } from '#shared/domain/bid-steps.ts';
import type { Bid } from '#shared/domain/bid.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { type LoginKey, withKeys } from '#shared/domain/login.ts';
import { priceAt } from '#shared/domain/price.ts';
import { holderOf } from '#shared/domain/project-ssh-key.ts';
import { spotPriceIn } from '#shared/domain/spot-price.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { bidVolumes } from './bid-volumes.ts';
import { launchBid } from './launch-bid.ts';
import { orderOperations } from './order-operations.ts';
import { publishOperations } from './publish-operations.ts';
import type { Tools } from './tools.ts';
import { assignVolumes, releaseVolumes } from './volume-claims.ts';

export type BidTools = Pick<Tools, 'store' | 'publisher' | 'log' | 'nowMs' | 'random'>;

/** Maximum number of steps per call; further steps are taken when the bid is due again. */
const STEPS_MAX = 4;

interface Step {
  readonly published: readonly OperationMessage[];
  /** True if another step may follow at once. */
  readonly goesOn: boolean;
}

/** Why a bid is looked at now, where the next step depends on it. */
export type BidCause = Pick<BidView, 'failure' | 'hasRoom'>;

/**
 * Advances a bid by the stored rows of the bid and its instances: launches it, undoes a failed launch, gives up and
 * restarts instances. Safe to run repeatedly, late and in parallel: each step is one commit that is conditional on the
 * rows it was decided by. Never throws; the next sweep continues what is left.
 */
export async function advanceBid(bidId: string, tools: BidTools, cause: BidCause = {}): Promise<void> {
  try {
    for (let taken = 0; taken < STEPS_MAX; taken += 1) {
      const { published, goesOn } = await takeStep(bidId, tools, cause);
      await publishOperations(published, tools);
      if (!goesOn) return;
    }
  } catch (thrown) {
    tools.log.warn('a bid could not be brought forward; the next sweep tries again', { bidId, cause: thrown });
  }
}

const NO_STEP = { writes: [], result: { published: [], goesOn: false } } as const;

async function takeStep(bidId: string, tools: BidTools, cause: BidCause): Promise<Step> {
  const { store, nowMs, log } = tools;
  return store.change<Step>(async () => {
    const row = await store.get(ref(BID, bidId));
    if (row === undefined) return NO_STEP;
    const { instances, ...seen } = await companionsOf(row.value, tools);
    const atMs = nowMs();
    const step = nextBidStep(row.value, {
      instances: instances.map(({ value }) => value),
      ...seen,
      nowMs: atMs,
      ...cause,
    });
    const next = step.bid;
    if (next === null) return NO_STEP;
    const { bid, writes, messages } = await carriedOut({ ...step, bid: next }, { row, instances, atMs }, tools);
    // The room was not enough, so what has put the bid off before holds on.
    if (cause.hasRoom === true && bid.attempts > row.value.attempts) return NO_STEP;
    log.info('a bid moved on', { bidId, from: row.value.phase, to: bid.phase, reason: bid.reason?.reason });
    const goesOn = bid.checkAtMs !== null && bid.checkAtMs <= atMs;
    return { writes: [...writes, replace(row, bid)], result: { published: messages, goesOn } };
  });
}

async function companionsOf(bid: Bid, { store, nowMs }: Pick<BidTools, 'store' | 'nowMs'>) {
  const { machineType } = bid.machine;
  const [[onDemand, spot, suspension], instances] = await Promise.all([
    store.getAll([ref(PRICE, machineType), ref(SPOT_PRICE, machineType), ref(SUSPENSION, bid.customerId)]),
    store.getAll(bid.instances.map((id) => ref(INSTANCE, id))),
  ]);
  const price = spotPriceIn({ onDemand: onDemand?.value, spot: spot?.value }, bid.zone);
  return {
    instances: instances.filter((instance) => instance !== undefined),
    spotCents: price === undefined ? undefined : priceAt(price, nowMs()),
    ...(suspension === undefined ? {} : { suspendedBecause: suspension.value.reason }),
  };
}

interface Carried {
  readonly bid: Bid;
  readonly writes: readonly Write[];
  readonly messages: readonly OperationMessage[];
}

async function carriedOut(
  step: BidStep & { readonly bid: Bid },
  seen: { readonly row: Row<Bid>; readonly instances: readonly Row<Instance>[]; readonly atMs: number },
  tools: BidTools,
): Promise<Carried> {
  if (step.do === 'nothing') return { bid: step.bid, writes: await endWrites(step.bid, seen.row, tools), messages: [] };
  if (step.do === 'launch') return launched(step.bid, seen.atMs, tools);
  const wanted = new Set(step.instances.map(({ id }) => id));
  const ordered = orderOperations(
    step.do === 'withdraw' ? 'delete' : step.do,
    seen.instances.filter(({ id }) => wanted.has(id)),
    { actor: SPOT_MARKET, requestId: tools.random.hex(16), atMs: seen.atMs, random: tools.random },
  );
  if (step.do !== 'withdraw') return { bid: step.bid, ...ordered };
  const ended = await endWrites(step.bid, seen.row, tools);
  // A bid that stays open keeps its volumes for its next launch.
  const given =
    step.bid.phase === 'ended' ? ended : assignVolumes(await bidVolumes(seen.row.value, tools), null, tools);
  return { bid: step.bid, messages: ordered.messages, writes: [...ordered.writes, ...given] };
}

/** Returns writes that release the volumes of a bid that ends without being cancelled. */
async function endWrites(next: Bid, { value: before }: Row<Bid>, tools: BidTools): Promise<readonly Write[]> {
  if (next.phase !== 'ended' || before.phase === 'ended') return [];
  return releaseVolumes(await bidVolumes(before, tools), tools);
}

/** Launches all instances of the bid, or postpones the bid when the quota has no room for all of them. */
async function launched(bid: Bid, atMs: number, tools: BidTools): Promise<Carried> {
  const { store, random } = tools;
  const [[usage, customer], required, volumes] = await Promise.all([
    store.getAll([ref(USAGE, bid.customerId), ref(CUSTOMER, bid.customerId)]),
    requiredKeys(bid, store),
    bidVolumes(bid, tools),
  ]);
  const tier = await store.get(ref(TIER, customer?.value.tier ?? bid.tier));
  try {
    const { metadata, login } = withKeys({ metadata: bid.machine.metadata, login: bid.login }, required);
    const ready = { ...bid, machine: { ...bid.machine, metadata }, login };
    const maxInstances = tier?.value.maxInstances ?? 0;
    const context = { usage, volumes, maxInstances, actor: SPOT_MARKET, requestId: random.hex(16), atMs, random };
    const launch = launchBid(ready, context);
    const [first = null] = launch.bid.instances;
    return { ...launch, writes: [...launch.writes, ...assignVolumes(volumes, first, tools)] };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const { reason, message } = thrown;
    return { bid: putOff(bid, { reason, message }, atMs), writes: [], messages: [] };
  }
}

/** Maximum number of a project's keys read for a launch; a project has at most 200. */
const KEYS_MAX = 300;

/** Reads the keys that the bid's project requires at present; some may have been added since the bid was placed. */
async function requiredKeys(
  { customerId, project, userId }: Bid,
  store: Pick<BidTools['store'], 'query'>,
): Promise<readonly LoginKey[]> {
  const holder = holderOf({ customerId, project, userId });
  const { rows } = await store.query(SSH_KEYS_GIVEN, { givenBy: { stringValue: holder } }, { limit: KEYS_MAX });
  return rows
    .filter(({ value }) => value.required)
    .map(({ value: { id, publicKey } }) => ({ id, user: null, publicKey }));
}
