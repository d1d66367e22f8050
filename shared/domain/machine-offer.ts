import type { ServerType } from './catalog.ts';
import { Failure } from './failure.ts';
import { type ListedPrices, spotPriceIn } from './spot-price.ts';
import { priceAt } from './price.ts';

/** A machine type that can be launched, as the catalogue describes it. */
export interface MachineOffer {
  /** Bare machine type; also the name that clients ask for. */
  readonly machineType: string;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly gpuType: string;
  readonly gpuCount: number;
  /** GB of one GPU; 0: none, or not known. */
  readonly gpuMemoryGb: number;
  /** GB of Local SSD that come with it. */
  readonly localStorageGb: number;
}

/** Compute Engine's Local SSD comes in disks of this size. */
const LOCAL_SSD_GB = 375;

/**
 * Memory of one GPU by its bare type (https://docs.cloud.google.com/compute/docs/gpus). A type that is not here is offered
 * with 0.
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
 * The machine types of the server types that a customer may use, each once, by name. Two server types of one machine type
 * differ in their boot disks only, which a launch does not ask for.
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

/** Memory in whole GB, as clients are told it and ask for it. */
export function memoryGbOf({ memoryMb }: Pick<MachineOffer, 'memoryMb'>): number {
  return Math.max(1, Math.round(memoryMb / 1024));
}

/** Cents per instance-hour of a Spot VM now; `undefined` for a machine type without a price, which is not offered. */
export function spotCents(prices: ListedPrices, zone: string, nowMs: number): number | undefined {
  const price = spotPriceIn(prices, zone);
  return price === undefined ? undefined : priceAt(price, nowMs);
}

/** The one text for a type that does not exist, for one that the caller cannot have, and for one without a price. */
export function typeNotFound(): Failure {
  return new Failure('not_found', 'Instance type not found.', { reason: 'instance_type_not_found' });
}

/** A zone that had no room for a machine type is told of as empty for this long. */
export const STOCKOUT_MS = 10 * 60_000;
/** What is said of a customer without an instance quota. */
const CAPACITY_MAX = 1_000;

/** Instances that a customer can launch: what the quota leaves, and none where Compute Engine lately had no room. */
export function capacityFor(
  quota: { readonly used: number; readonly limit: number },
  stockout: { readonly atMs: number } | undefined,
  nowMs: number,
): number {
  if (stockout !== undefined && nowMs - stockout.atMs < STOCKOUT_MS) return 0;
  return quota.limit < 0 ? CAPACITY_MAX : Math.max(0, Math.min(CAPACITY_MAX, quota.limit - quota.used));
}

/** The offers of some rows, each once. */
export function offersOf(rows: readonly { readonly offer: MachineOffer }[]): readonly MachineOffer[] {
  return [...new Map(rows.map(({ offer }) => [offer.machineType, offer])).values()];
}
