import { SPOT_PRICE } from '#shared/datastore/catalog-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Bid } from '#shared/domain/bid.ts';
import type { Random } from '#shared/domain/ids.ts';
import type { PersonName } from '../engine/people.ts';
import type { Play, Reply } from '../play.ts';
import { action, chance, oneOf, share } from './action.ts';

/** The users who place bids and create volumes; they belong to two customers. */
const BIDDERS: readonly PersonName[] = ['alice', 'bob', 'dave'];
const MACHINE_TYPE = 'n1-standard-2';
const ZONE = 'us-central1-a';
/** Only two names, so that bids and volumes of one name follow one another. */
const NAMES = ['train', 'serve'] as const;
/** Attempts per request, repeated without a key after a lost reply or a 5xx, as clients of the fleet family do. */
const TRIES_MAX = 3;

function bidder(random: Random): PersonName {
  return oneOf(BIDDERS, random);
}

function fidIn(reply: Reply): string | undefined {
  const { fid } = (reply?.body ?? {}) as { readonly fid?: unknown };
  return typeof fid === 'string' ? fid : undefined;
}

/** Sends a request until the reply is not a 5xx, at most TRIES_MAX times. */
async function asked(ask: () => Promise<Reply>, { world }: Play): Promise<Reply> {
  let reply: Reply;
  for (let tried = 0; tried < TRIES_MAX; tried += 1) {
    reply = await ask();
    if (reply !== undefined && reply.status < 500) return reply;
    await world.time.sleep(5_000 * 1.6 ** tried);
  }
  return reply;
}

/** Records a violation if a repeated POST made a second bid, unless the first one was paused or has ended. */
async function requireOneBid(fids: readonly string[], play: Play): Promise<void> {
  const [first, second] = [...new Set(fids)];
  if (first === undefined || second === undefined) return;
  const bid = (await play.bids()).find(({ id }) => id === first);
  const isOver = bid?.events.some(({ type }) => type === 'Paused' || type === 'Terminated') ?? false;
  if (!isOver) play.found.push(`1B: the same request was answered the bids ${first} and ${second}`);
}

async function pickBid(which: number, who: PersonName, play: Play): Promise<Bid | undefined> {
  const { customerId } = play.person(who);
  const own = (await play.bids()).filter((bid) => bid.customerId === customerId).slice(-3);
  return own[Math.floor(which * own.length)];
}

async function pickVolumes(which: number, who: PersonName, play: Play): Promise<readonly string[]> {
  const { project } = play.person(who);
  const own = (await play.volumes()).filter((volume) => volume.project === project).slice(-3);
  const picked = own[Math.floor(which * own.length)];
  return picked === undefined ? [] : [`vol_${picked.id}`];
}

export const BIDS = {
  bid: action({
    weight: 14,
    draw: (random) => ({
      who: bidder(random),
      name: oneOf(NAMES, random),
      quantity: chance(0.6, random) ? 2 : oneOf([1, 3], random),
      limit: oneOf(['$1.00', '$0.05'], random),
      volume: chance(0.5, random) ? share(random) : -1,
      again: chance(0.3, random),
    }),
    play: async ({ who, name, quantity, limit, volume, again }, play) => {
      const { project } = play.person(who);
      const body = {
        project,
        region: ZONE,
        instance_type: `it_${MACHINE_TYPE}`,
        limit_price: limit,
        instance_quantity: quantity,
        name,
        launch_specification: { volumes: volume < 0 ? [] : await pickVolumes(volume, who, play), ssh_keys: [] },
      };
      const place = () => play.ask({ who, family: 'fleet', method: 'POST', path: '/v2/spot/bids', body });
      const replies = [await asked(place, play)];
      if (again) replies.push(await asked(place, play));
      const fids = replies.filter((reply) => reply?.status === 201).map(fidIn);
      await requireOneBid(
        fids.filter((fid) => fid !== undefined),
        play,
      );
    },
  }),
  bidChange: action({
    weight: 14,
    draw: (random) => ({
      who: bidder(random),
      which: share(random),
      what: oneOf(['pause', 'resume', 'resume', 'attach', 'detach', 'dearer', 'cheaper'] as const, random),
      volume: share(random),
    }),
    play: async ({ who, which, what, volume }, play) => {
      const bid = await pickBid(which, who, play);
      if (bid === undefined) return;
      const changes = {
        pause: { paused: true },
        resume: { paused: false },
        attach: { volumes: await pickVolumes(volume, who, play) },
        detach: { volumes: [] },
        dearer: { limit_price: '$2.00' },
        cheaper: { limit_price: '$0.05' },
      };
      const path = `/v2/spot/bids/${bid.id}`;
      await asked(() => play.ask({ who, family: 'fleet', method: 'PATCH', path, body: changes[what] }), play);
    },
  }),
  bidCancel: action({
    weight: 8,
    draw: (random) => ({ who: bidder(random), which: share(random) }),
    play: async ({ who, which }, play) => {
      const bid = await pickBid(which, who, play);
      if (bid === undefined) return;
      await asked(() => play.ask({ who, family: 'fleet', method: 'DELETE', path: `/v2/spot/bids/${bid.id}` }), play);
    },
  }),
  volume: action({
    weight: 7,
    draw: (random) => ({ who: bidder(random), name: oneOf(NAMES, random), gb: oneOf([10, 50, 90] as const, random) }),
    play: async ({ who, name, gb }, play) => {
      const { project } = play.person(who);
      const body = { name, project, disk_interface: 'Block', region: ZONE, size_gb: gb };
      await asked(() => play.ask({ who, family: 'fleet', method: 'POST', path: '/v2/volumes', body }), play);
    },
  }),
  volumeDelete: action({
    weight: 4,
    draw: (random) => ({ who: bidder(random), which: share(random) }),
    play: async ({ who, which }, play) => {
      const [fid] = await pickVolumes(which, who, play);
      if (fid === undefined) return;
      await asked(() => play.ask({ who, family: 'fleet', method: 'DELETE', path: `/v2/volumes/${fid}` }), play);
    },
  }),
  spotPrice: action({
    weight: 3,
    draw: (random) => ({ cents: oneOf([2, 8, 60, 150] as const, random) }),
    play: async ({ cents }, { world }) => {
      const row = { machineType: MACHINE_TYPE, steps: [{ priceCents: cents, fromMs: 0 }], zones: {} };
      try {
        await world.store.write([put(SPOT_PRICE, MACHINE_TYPE, row)]);
      } catch {
        // An operator's change of the catalogue may hit a fault too. It is then unknown whether the price changed,
        // which the checks allow.
      }
    },
  }),
  /** Tries to use a bid or volume of another customer, which must be answered as if it did not exist. */
  foreignBid: action({
    weight: 2,
    draw: (random) => ({ which: share(random), what: oneOf(['GET', 'PATCH', 'DELETE', 'volume'] as const, random) }),
    play: async ({ which, what }, play) => {
      const bid = await pickBid(which, 'dave', play);
      if (bid === undefined) return;
      const [volume] = await pickVolumes(which, 'dave', play);
      const path = what === 'volume' ? `/v2/volumes/${volume ?? 'vol_none'}` : `/v2/spot/bids/${bid.id}`;
      const method = what === 'volume' ? 'DELETE' : what;
      const body = what === 'PATCH' ? { paused: true } : undefined;
      const reply = await play.ask({ who: 'alice', family: 'fleet', method, path, ...(body && { body }) });
      if (reply !== undefined && reply.status < 300) {
        play.found.push(`T: alice was answered ${reply.status} to ${method} ${path}, another customer's`);
      }
    },
  }),
} as const;
