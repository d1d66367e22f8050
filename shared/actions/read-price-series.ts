import { priceAt } from '#shared/domain/price.ts';
import { sampleTimes, type SampleWindow } from '#shared/domain/price-samples.ts';
import { spotPriceIn } from '#shared/domain/spot-price.ts';
import { idOf } from '#shared/domain/fids.ts';
import { typeNotFound } from '#shared/domain/machine-offer.ts';
import { type OfferRequest, type OfferTools, readAvailability, readPrices } from './read-offers.ts';

export interface PriceSeriesRequest extends OfferRequest {
  /** Fids; empty for all machine types offered. */
  readonly instanceTypes: readonly string[];
  readonly zone: string | undefined;
  readonly window: SampleWindow;
}

/** The price of a machine type in a zone at several times, in cents per instance-hour. */
export interface PriceSeries {
  readonly machineType: string;
  readonly zone: string;
  readonly samples: readonly { readonly atMs: number; readonly spotCents: number; readonly onDemandCents: number }[];
}

/**
 * Returns prices over time, one series per machine type and zone. Throws `not_found` for a type that is not offered.
 */
export async function readPriceSeries(
  { instanceTypes, zone, window, ...request }: PriceSeriesRequest,
  tools: OfferTools,
): Promise<readonly PriceSeries[]> {
  const [rows, prices] = await Promise.all([readAvailability(request, tools), readPrices(tools.store)]);
  const wanted = new Set(instanceTypes.map((fid) => idOf('instanceType', fid) ?? ''));
  const offered = new Set(rows.map(({ offer }) => offer.machineType));
  const unknown = instanceTypes.find((fid) => !offered.has(idOf('instanceType', fid) ?? ''));
  if (unknown !== undefined) throw typeNotFound(unknown, [...offered]);
  return rows
    .filter((row) => (wanted.size === 0 || wanted.has(row.offer.machineType)) && (zone ?? row.zone) === row.zone)
    .map((row) => {
      const listed = prices(row.offer.machineType);
      const spot = spotPriceIn(listed, row.zone);
      const steps = [...(spot?.steps ?? []), ...(listed.onDemand?.steps ?? [])].map(({ fromMs }) => fromMs);
      const samples = sampleTimes(window, steps).flatMap((atMs) => {
        const spotCents = spot === undefined ? undefined : priceAt(spot, atMs);
        if (spotCents === undefined) return [];
        const onDemandCents = (listed.onDemand === undefined ? undefined : priceAt(listed.onDemand, atMs)) ?? spotCents;
        return [{ atMs, spotCents, onDemandCents }];
      });
      return { machineType: row.offer.machineType, zone: row.zone, samples };
    });
}
