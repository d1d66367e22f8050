import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { type Bid, centsOf, withBidEvent } from '#shared/domain/bid.ts';
import { Failure } from '#shared/domain/failure.ts';
import { fidOf } from '#shared/domain/fids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { isLeaving } from '#shared/domain/power.ts';
import { isStopped } from '#shared/domain/status.ts';
import { requireOwnDevices } from '#shared/domain/volume.ts';
import { advanceBid, type BidTools } from '#shared/lifecycle/advance-bid.ts';
import { bidClaim, bidVolumes } from '#shared/lifecycle/bid-volumes.ts';
import { type Ordered, orderOperations } from '#shared/lifecycle/order-operations.ts';
import { publishOperations } from '#shared/lifecycle/publish-operations.ts';
import { claimAndAssignVolumes, claimVolumes, readVolumes, releaseVolumes } from '#shared/lifecycle/volume-claims.ts';
import type { BidAct } from './cancel-bid.ts';
import { requireBid } from './read-bid.ts';

/** The requested changes; absent and null members leave the bid unchanged. */
export interface BidChange {
  readonly paused?: boolean | null;
  /** In dollars; the contract has validated the format. */
  readonly limit_price?: string | null;
  readonly memory_gb?: number | null;
  /** Fids of all volumes that the bid's first instance shall have. */
  readonly volumes?: readonly string[] | null;
}

const NONE: Ordered = { writes: [], messages: [] };

/**
 * Changes a bid in one commit and returns the changed bid. Pausing and resuming add an operation to every instance.
 * Members that equal the bid's present values change nothing. Throws `not_found`, `conflict` for a bid that has ended,
 * and `invalid_request` for a request without any change.
 */
export async function changeBid(request: BidAct & { readonly change: BidChange }, tools: BidTools): Promise<Bid> {
  const { store, nowMs } = tools;
  const { change } = request;
  requireChange(change);
  const { bid, messages } = await store.change<{ readonly bid: Bid; readonly messages: Ordered['messages'] }>(
    async () => {
      const row = await requireBid(request, tools);
      if (row.value.phase === 'ended') {
        throw new Failure('conflict', 'The bid has ended. Place a new one.', { reason: 'bid_terminated' });
      }
      requireMemory(change, row.value);
      const atMs = nowMs();
      const instances = (await store.getAll(row.value.instances.map((id) => ref(INSTANCE, id)))).filter(
        (instance) => instance !== undefined,
      );
      const context = { actor: request.actor, requestId: request.requestId, atMs, random: tools.random };
      const priced = withLimit(row.value, change, context);
      const placed = await withVolumes(priced, { change, instances, context }, tools);
      const { bid, ordered } = powered(placed.bid, { paused: change.paused ?? null, instances, context });
      if (bid === row.value) return { writes: [], result: { bid, messages: [] } };
      const writes = [...ordered.writes, replace(row, bid), ...placed.writes];
      return { writes, result: { bid, messages: ordered.messages } };
    },
  );
  await publishOperations(messages, tools);
  if (bid.checkAtMs === null || bid.checkAtMs > nowMs()) return bid;
  await advanceBid(bid.id, tools);
  return (await requireBid(request, tools)).value;
}

type Context = Pick<BidAct, 'actor' | 'requestId'> & { readonly atMs: number; readonly random: BidTools['random'] };

function withLimit(bid: Bid, { limit_price: limit }: BidChange, { actor, atMs }: Context): Bid {
  if (limit === undefined || limit === null) return bid;
  const limitCents = centsOf(limit);
  if (limitCents === bid.limitCents) return bid;
  const changed = withBidEvent({ ...bid, limitCents }, { type: 'Limit Price Changed', atMs, actor, limitCents });
  // The bid is checked against the new limit at once. An attempt delayed for a reason other than price keeps its time.
  return bid.phase === 'paused' || isPutOff(bid) ? changed : { ...changed, checkAtMs: atMs };
}

function isPutOff({ attempts, reason }: Bid): boolean {
  return attempts > 0 && reason !== null && reason.reason !== 'price_above_limit';
}

interface Powering {
  readonly paused: boolean | null;
  readonly instances: readonly Row<Instance>[];
  readonly context: Context;
}

function powered(bid: Bid, { paused, instances, context }: Powering): { readonly bid: Bid; readonly ordered: Ordered } {
  const isPaused = bid.phase === 'paused';
  if (paused === null || paused === isPaused) return { bid, ordered: NONE };
  const { actor, atMs } = context;
  if (paused) {
    const checkAtMs = bid.launched ? null : bid.checkAtMs;
    const next: Bid = { ...bid, phase: 'paused', lost: [], attempts: 0, refusals: 0, reason: null, checkAtMs };
    return {
      bid: withBidEvent(next, { type: 'Paused', atMs, actor }),
      ordered: orderOperations('stop', instances, context),
    };
  }
  return resumed(withBidEvent(bid, { type: 'Resumed', atMs, actor }), { instances, context });
}

/** Resumes a bid: starts its existing instances, or waits for a launch of new ones if it has none. */
function resumed(bid: Bid, { instances, context }: Omit<Powering, 'paused'>) {
  const checkAtMs = context.atMs;
  if (bid.instances.length === 0) return { bid: { ...bid, phase: 'waiting' as const, checkAtMs }, ordered: NONE };
  if (!bid.launched) {
    const ordered = orderOperations('start', instances, context);
    return { bid: { ...bid, phase: 'launching' as const, checkAtMs }, ordered };
  }
  const lost = instances.filter(({ value }) => isResting(value)).map(({ id }) => id);
  return { bid: { ...bid, phase: 'regaining' as const, lost, checkAtMs }, ordered: NONE };
}

/** True if the instance is stopped, or will be once its queued operations have ended. */
function isResting({ status, queue }: Instance): boolean {
  if (status === 'ERROR') return false;
  return isStopped(status) || status === 'SUSPENDED' || status === 'STOPPING' || queue.at(-1)?.kind === 'stop';
}

interface Placing {
  readonly change: BidChange;
  readonly instances: readonly Row<Instance>[];
  readonly context: Context;
}

/** Sets the bid's volumes: added ones are attached to its first instance, removed ones become free. */
async function withVolumes(
  bid: Bid,
  { change: { volumes }, instances, context: { actor, atMs } }: Placing,
  tools: BidTools,
): Promise<{ readonly bid: Bid; readonly writes: readonly Write[] }> {
  if (volumes === undefined || volumes === null) return { bid, writes: [] };
  const { launch } = bid;
  const attached = volumes.filter((fid) => !launch.volumes.includes(fid));
  const removed = launch.volumes.filter((fid) => !volumes.includes(fid));
  if (attached.length + removed.length === 0) return { bid, writes: [] };
  const [coming, present] = await Promise.all([readVolumes(attached, bid, tools), bidVolumes(bid, tools)]);
  const going = present.filter(({ id }) => removed.includes(fidOf('volume', id)));
  const staying = present.filter((row) => !going.includes(row));
  requireOwnDevices([...staying, ...coming].map(({ value }) => value));
  const claim = bidClaim(bid, '/volumes');
  const first = instances.find(({ id, value }) => id === bid.instances[0] && !isLeaving(value));
  const given =
    first === undefined
      ? claimVolumes(coming, claim)
      : claimAndAssignVolumes(coming, { ...claim, instanceId: first.id }, tools);
  let changed: Bid = { ...bid, launch: { ...launch, volumes } };
  if (attached.length > 0)
    changed = withBidEvent(changed, { type: 'Volumes Attached', atMs, actor, volumes: attached });
  if (removed.length > 0) changed = withBidEvent(changed, { type: 'Volumes Removed', atMs, actor, volumes: removed });
  return { bid: changed, writes: [...given, ...releaseVolumes(going, tools)] };
}

function requireChange({ paused, limit_price: limit, memory_gb: memory, volumes }: BidChange): void {
  if ([paused, limit, memory, volumes].some((member) => member !== undefined && member !== null)) return;
  const message = 'must name at least one of limit_price, paused, volumes, memory_gb';
  throw new Failure('invalid_request', `The request is not valid: body ${message}.`, {
    fields: [{ place: 'body', pointer: '', message, rule: 'required' }],
  });
}

function requireMemory({ memory_gb: memory }: BidChange, { launch }: Bid): void {
  if (memory === undefined || memory === null || memory === launch.memoryGb) return;
  const message = 'cannot be adjusted: the memory is the instance type’s';
  throw new Failure('invalid_request', `The request is not valid: body.memory_gb ${message}.`, {
    fields: [{ place: 'body', pointer: '/memory_gb', message, rule: 'enum' }],
  });
}
