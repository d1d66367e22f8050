import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { ALL_PRICES, ALL_SPOT_PRICES, ALL_STOCKOUTS } from '#shared/datastore/queries.ts';
import type { Shape } from '#shared/datastore/query.ts';
import type { Store } from '#shared/datastore/store.ts';
import { type Stockout, stockoutId } from '#shared/datastore/volume-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { idOf } from '#shared/domain/fids.ts';
import { launchZones } from '#shared/domain/launch-zones.ts';
import {
  capacityFor,
  type MachineOffer,
  machineOffers,
  spotCents,
  STOCKOUT_MS,
  typeNotFound,
} from '#shared/domain/machine-offer.ts';
import { priceAt } from '#shared/domain/price.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { ListedPrices } from '#shared/domain/spot-price.ts';
import type { Tier } from '#shared/domain/tier.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type OfferCatalog, readLaunchCatalog } from './launch-catalog.ts';

export type OfferTools = Pick<Tools, 'store' | 'nowMs'> & { readonly catalog: OfferCatalog };

export interface OfferRequest {
  readonly caller: Pick<Principal, 'customerId'>;
  readonly tier: Tier;
}

/** A machine type in a zone, with its present price there and the number that the caller can have. */
export interface Availability {
  readonly offer: MachineOffer;
  readonly zone: string;
  /** Cents per instance-hour of a Spot VM. */
  readonly spotCents: number;
  /** 0 for some minutes after Compute Engine reported a stockout in that zone. */
  readonly capacity: number;
}

/** Returns one row per machine type and zone in which the type can be launched and has a price. */
export async function readAvailability(
  { caller: { customerId }, tier }: OfferRequest,
  { store, catalog, nowMs }: OfferTools,
): Promise<readonly Availability[]> {
  const [found, prices, stockouts, usage] = await Promise.all([
    readLaunchCatalog(catalog),
    readPrices(store),
    readStockouts({ store, nowMs }),
    store.get(ref(USAGE, customerId)),
  ]);
  const zones = launchZones(found, customerId);
  const quota = { used: usage?.value.instances ?? 0, limit: tier.maxInstances };
  return machineOffers(found.serverTypes, customerId).flatMap((offer) =>
    (zones.get(offer.machineType) ?? []).flatMap((zone) => {
      const cents = spotCents(prices(offer.machineType), zone, nowMs());
      if (cents === undefined) return [];
      const stockout = stockouts.get(stockoutId({ zone, machineType: offer.machineType }));
      return [{ offer, zone, spotCents: cents, capacity: capacityFor(quota, stockout, nowMs()) }];
    }),
  );
}

export interface CurrentPrice {
  readonly spotCents: number;
  /** `null`: the machine type has no on-demand price. */
  readonly onDemandCents: number | null;
  readonly capacity: number;
  readonly totalCapacity: number;
}

/**
 * Returns the present price of a machine type in a zone; without a zone, in its cheapest one. Throws `not_found` for a
 * type that is not offered, or not in that zone.
 */
export async function readCurrentPrice(
  {
    instanceType,
    zone,
    ...request
  }: OfferRequest & { readonly instanceType: string; readonly zone: string | undefined },
  tools: OfferTools,
): Promise<CurrentPrice> {
  const machineType = idOf('instanceType', instanceType) ?? '';
  const [rows, prices] = await Promise.all([readAvailability(request, tools), readPrices(tools.store)]);
  const places = rows.filter(
    (row) => row.offer.machineType === machineType && (zone === undefined || row.zone === zone),
  );
  const [cheapest] = places.toSorted((a, b) => a.spotCents - b.spotCents);
  if (cheapest === undefined) {
    const inZone = rows.filter((row) => zone === undefined || row.zone === zone);
    const offers = inZone.length === 0 ? rows : inZone;
    throw typeNotFound(
      instanceType,
      offers.map(({ offer }) => offer.machineType),
    );
  }
  const { onDemand } = prices(machineType);
  return {
    spotCents: cheapest.spotCents,
    onDemandCents: onDemand === undefined ? null : (priceAt(onDemand, tools.nowMs()) ?? null),
    capacity: Math.max(...places.map(({ capacity }) => capacity)),
    totalCapacity: capacityFor({ used: 0, limit: request.tier.maxInstances }, undefined, tools.nowMs()),
  };
}

/** Returns the stored on-demand and spot prices of a machine type. */
export type Prices = (machineType: string) => ListedPrices;

export async function readPrices(store: Pick<Store, 'query'>): Promise<Prices> {
  const [prices, spotPrices] = await Promise.all([readAll(store, ALL_PRICES), readAll(store, ALL_SPOT_PRICES)]);
  const onDemand = new Map(prices.map((price) => [price.machineType, price]));
  const spot = new Map(spotPrices.map((price) => [price.machineType, price]));
  return (machineType) => ({ onDemand: onDemand.get(machineType), spot: spot.get(machineType) });
}

/** Reads the stockouts of the last `STOCKOUT_MS`, keyed by `stockoutId`. */
async function readStockouts({
  store,
  nowMs,
}: Pick<OfferTools, 'store' | 'nowMs'>): Promise<ReadonlyMap<string, Stockout>> {
  const rows = await readAll(store, ALL_STOCKOUTS);
  const recent = rows.filter(({ atMs }) => nowMs() - atMs < STOCKOUT_MS);
  return new Map(recent.map((stockout) => [stockoutId(stockout), stockout]));
}

const PAGE_SIZE = 300;

async function readAll<T>(store: Pick<Store, 'query'>, shape: Shape<T>): Promise<readonly T[]> {
  const values: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query(shape, {}, { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) });
    values.push(...page.rows.map(({ value }) => value));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return values;
}
