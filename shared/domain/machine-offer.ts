import type { ServerType } from './catalog.ts';
import { Failure } from './failure.ts';
import { instanceTypeFid } from './fids.ts';
import { nearestText } from './nearest.ts';
import { type ListedPrices, spotPriceIn } from './spot-price.ts';
import { priceAt } from './price.ts';

/** A machine type that can be launched, as the catalogue describes it. */
export interface MachineOffer {
  /** Bare machine type, by which clients request it. */
  readonly machineType: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly gpuType: string;
  readonly gpuCount: number;
  /** GB per GPU; 0: no GPU, or unknown. */
  readonly gpuMemoryGb: number;
  /** GB of included Local SSD. */
  readonly localStorageGb: number;
}

/** Size of one Local SSD disk of Compute Engine. */
const LOCAL_SSD_GB = 375;

/**
 * Memory of one GPU by its bare type (https://docs.cloud.google.com/compute/docs/gpus). A type that is missing here is
 * offered with 0.
 */
const GPU_MEMORY_GB: Readonly<Record<string, number>> = {
  'nvidia-tesla-t4': 16,
  'nvidia-tesla-p4': 8,
  'nvidia-tesla-p100': 16,
  'nvidia-tesla-v100': 16,
  'nvidia-tesla-a100': 40,
  'nvidia-a100-80gb': 80,
  'nvidia-l4': 24,
  'nvidia-h100-80gb': 80,
  'nvidia-h100-mega-80gb': 80,
  'nvidia-h200-141gb': 141,
  'nvidia-b200': 180,
};

/** A server type, with the parts beyond CPUs and memory that its row may name. */
type OfferedType = Pick<ServerType, 'customerId' | 'machineType' | 'vcpus' | 'memoryMb'> & {
  readonly accelerator?: { readonly type: string; readonly count: number } | null;
  readonly localSsds?: number;
};

/**
 * Returns the machine types of the server types that a customer may use, without duplicates and sorted by name. Server
 * types of the same machine type differ only in their boot disks, which a launch does not request.
 */
export function machineOffers(serverTypes: readonly OfferedType[], customerId: string): readonly MachineOffer[] {
  const offers = new Map<string, MachineOffer>();
  for (const type of serverTypes) {
    const isTheirs = type.customerId === '' || type.customerId === customerId;
    if (isTheirs && !offers.has(type.machineType)) offers.set(type.machineType, offerOf(type));
  }
  return [...offers.values()].sort((a, b) => (a.machineType < b.machineType ? -1 : 1));
}

function offerOf({ machineType, vcpus, memoryMb, accelerator, localSsds = 0 }: OfferedType): MachineOffer {
  const gpuType = accelerator?.type ?? '';
  return {
    machineType,
    vcpus,
    memoryMb,
    gpuType,
    gpuCount: accelerator?.count ?? 0,
    gpuMemoryGb: Object.hasOwn(GPU_MEMORY_GB, gpuType) ? (GPU_MEMORY_GB[gpuType] ?? 0) : 0,
    localStorageGb: localSsds * LOCAL_SSD_GB,
  };
}

/** Returns the memory in whole GB, the unit of requests and responses. */
export function memoryGbOf({ memoryMb }: Pick<MachineOffer, 'memoryMb'>): number {
  return Math.max(1, Math.round(memoryMb / 1024));
}

/**
 * Returns the present cents per instance-hour of a Spot VM; `undefined` for a machine type without a price, which is
 * not offered.
 */
export function spotCents(prices: ListedPrices, zone: string, nowMs: number): number | undefined {
  const price = spotPriceIn(prices, zone);
  return price === undefined ? undefined : priceAt(price, nowMs);
}

/**
 * Returns the same failure for a type that does not exist, one that the caller may not use, and one without a price. It
 * names the types that the caller can launch.
 */
export function typeNotFound(askedFid: string, machineTypes: readonly string[]): Failure {
  const near = nearestText(askedFid, [...new Set(machineTypes)].map(instanceTypeFid));
  const text = `There is no instance type ${JSON.stringify(askedFid)} to be had. ${near} GET /v2/spot/availability lists all, with regions and prices.`;
  return new Failure('not_found', text, { reason: 'instance_type_not_found' });
}

/** How long a zone is shown with capacity 0 for a machine type after a stockout. */
export const STOCKOUT_MS = 10 * 60_000;
/** Capacity shown to a customer without an instance quota. */
const CAPACITY_MAX = 1_000;

/** Returns how many instances a customer can launch: the rest of the quota, and 0 shortly after a stockout. */
export function capacityFor(
  quota: { readonly used: number; readonly limit: number },
  stockout: { readonly atMs: number } | undefined,
  nowMs: number,
): number {
  if (stockout !== undefined && nowMs - stockout.atMs < STOCKOUT_MS) return 0;
  return quota.limit < 0 ? CAPACITY_MAX : Math.max(0, Math.min(CAPACITY_MAX, quota.limit - quota.used));
}

/** Returns the offers of some rows without duplicates. */
export function offersOf(rows: readonly { readonly offer: MachineOffer }[]): readonly MachineOffer[] {
  return [...new Map(rows.map(({ offer }) => [offer.machineType, offer])).values()];
}
