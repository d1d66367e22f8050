import type { ShiftableClock } from '#scripts/emulators/clock.ts';
import { cancelBid } from '#shared/actions/cancel-bid.ts';
import { type BidChange, changeBid } from '#shared/actions/change-bid.ts';
import { placeBid, type PlaceBidRequest } from '#shared/actions/place-bid.ts';
import { requestOperation } from '#shared/actions/request-operation.ts';
import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { SPOT_PRICE, TIER } from '#shared/datastore/catalog-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import type { Bid } from '#shared/domain/bid.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { completeLimits, type Tier } from '#shared/domain/tier.ts';
import type { OperationMessage } from '#shared/pubsub/publisher.ts';
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { syncFromEvent } from '#shared/workers/sync-from-event.ts';
import { aBid } from './a-bid.ts';
import { cloudAndRecords, standingClock } from './cloud-and-records.ts';
import { BOOT_SECONDS } from './compute-cloud.ts';

const MACHINE_TYPE = 'n1-standard-2';
const PROJECT = 'proj_acme000000000000';
const SWEEP = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 24 * 60 * 60_000 };
/** More rounds of work than any test needs: reaching it means that something loops. */
const ROUNDS_MAX = 40;

export interface BidWorldSettings {
  /** The customer's quota of instances. */
  readonly maxInstances?: number;
  /** The customer's quota of GB of volumes; default: none. */
  readonly maxVolumeGb?: number;
  /**
   * Default: a clock that only the test moves. Disk operations end only as time passes, so tests with disks pass a
   * running clock.
   */
  readonly clock?: ShiftableClock;
}

/**
 * Bids in one process: the actions, a worker that takes what is published, and the sweep, over emulators of Compute Engine
 * and Datastore with one clock. A VM boots and stops when the clock is moved.
 */
export async function bidWorld(settings: BidWorldSettings = {}) {
  const { maxInstances = 8, maxVolumeGb = 0, clock = standingClock() } = settings;
  const mailbox: OperationMessage[] = [];
  const world = await cloudAndRecords({ clock, publish: (messages) => void mailbox.push(...messages) });
  const { cloud, store, tools } = world;
  const tier: Tier = { name: 'pro', maxInstances, maxVolumeGb, perMinute: completeLimits({ create: 60 }) };
  const price = (priceCents: number) =>
    put(SPOT_PRICE, MACHINE_TYPE, { machineType: MACHINE_TYPE, steps: [{ priceCents, fromMs: 0 }], zones: {} });
  const acme = put(CUSTOMER, 'acme', { id: 'acme', name: 'Acme', tier: 'pro' });
  await store.write([put(TIER, 'pro', tier), acme, price(50)]);
  const caller: Principal = {
    userId: aBid().userId,
    customerId: 'acme',
    projects: [PROJECT],
    groups: ['group1'],
    roles: [],
    tier: 'pro',
    credential: { type: 'jwt', id: 'token-1' },
  };
  const actor = { type: 'user' as const, id: caller.userId };
  const atWork = new CustomersAtWork();
  let requests = 0;

  const request = (name: string, more: Partial<PlaceBidRequest['wish']> = {}): PlaceBidRequest => {
    const { zone, instanceType, quantity, limitCents, launch, machine, login } = aBid();
    const wish = { project: PROJECT, name, zone, instanceType, quantity, limitCents, launch, ...more };
    return {
      caller,
      actor,
      tier,
      requestId: `request-${(requests += 1)}`,
      idempotencyKey: undefined,
      idPrefix: 'tw',
      wish,
      body: wish,
      machine: async () => ({ machine, login: { ...login, user: 'ubuntu' }, others: [] }),
      answer: (bid) => ({ status: 201, body: { fid: bid.id, phase: bid.phase, instances: bid.instances } }),
    };
  };
  const act = (bid: string) => ({ caller, actor, bid, project: undefined, requestId: `request-${(requests += 1)}` });
  const bid = async (id: string): Promise<Bid> => {
    const row = await store.get(ref(BID, id));
    if (row === undefined) throw new Error(`There is no bid ${id}.`);
    return row.value;
  };

  /** Runs every published operation, and those published meanwhile, until the mailbox is empty. */
  const work = async (): Promise<void> => {
    for (let round = 0; mailbox.length > 0; round += 1) {
      if (round > ROUNDS_MAX) throw new Error('The worker does not come to an end.');
      // Two copies of one message would wait for each other's lease, on a clock that does not move by itself.
      const messages = [...new Map(mailbox.splice(0).map((message) => [message.operationId, message])).values()];
      await Promise.all(
        messages.map((message, i) => runOperation(message, tools, { worker: `w-${i}`, waitMs: 0, atWork })),
      );
    }
  };
  const sweepNow = async () => {
    const report = await sweep(SWEEP, tools);
    await work();
    return report;
  };

  return {
    ...world,
    mailbox,
    request,
    act,
    bid,
    work,
    sweepNow,
    place: async (name: string, more: Partial<PlaceBidRequest['wish']> = {}): Promise<string> => {
      const { body } = await placeBid(request(name, more), tools);
      return (body as { readonly fid: string }).fid;
    },
    change: (id: string, change: BidChange) => changeBid({ ...act(id), change }, tools),
    cancel: (id: string) => cancelBid(act(id), tools),
    /** Repeats a round (run operations, let VMs boot or stop, sweep) until the bid is in this phase. */
    until: async (id: string, phase: Bid['phase']): Promise<Bid> => {
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        await work();
        const now = await bid(id);
        if (now.phase === phase && mailbox.length === 0) return now;
        cloud.clock.advance(BOOT_SECONDS);
        await sweepNow();
      }
      throw new Error(`The bid is ${(await bid(id)).phase}, not ${phase}.`);
    },
    /** Delivers the audit entries not delivered yet. Only such an event distinguishes a pre-emption from a stop. */
    hear: async (): Promise<void> => {
      for (const entry of cloud.audit.splice(0)) await syncFromEvent(entry, tools);
      await work();
    },
    /** Deletes an instance by its owner's request, without the bid's knowledge. */
    remove: (instanceId: string) =>
      requestOperation(
        {
          kind: 'delete',
          instanceId,
          caller,
          actor,
          requestId: `request-${(requests += 1)}`,
          idempotencyKey: undefined,
          strictness: 'lenient',
          answer: () => ({ status: 202 }),
        },
        tools,
      ),
    instances: async (): Promise<readonly Instance[]> => (await world.all(INSTANCE)).map(({ value }) => value),
    machines: async (): Promise<readonly string[]> => {
      const names: string[] = [];
      for await (const page of tools.compute.list()) names.push(...page.map(({ name }) => name));
      return names;
    },
    /** Returns how many instances each customer's quota counts, by customer id. */
    usages: async (): Promise<Readonly<Record<string, number>>> =>
      Object.fromEntries((await world.all(USAGE)).map(({ id, value }) => [id, value.instances])),
    /** Runs three rounds of work, boot time and sweep, which end whatever was pending. */
    settle: async (): Promise<void> => {
      for (let round = 0; round < 3; round += 1) {
        await work();
        cloud.clock.advance(BOOT_SECONDS);
        await sweepNow();
      }
    },
    used: async (): Promise<number> => (await store.get(ref(USAGE, 'acme')))?.value.instances ?? 0,
    /** Sets the spot price of the bid's machine type from now on. */
    price: (priceCents: number) => store.write([price(priceCents)]),
  };
}
