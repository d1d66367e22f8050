import type { Availability, CurrentPrice } from '#shared/actions/read-offers.ts';
import type { PriceSeries } from '#shared/actions/read-price-series.ts';
import type { Image } from '#shared/domain/catalog.ts';
import { fidOf, instanceTypeFid } from '#shared/domain/fids.ts';
import { type MachineOffer, memoryGbOf } from '#shared/domain/machine-offer.ts';
import { timestamp } from '../timestamp.ts';

/** Returns a machine type. All members are always present; absent properties are 0 or "", never null. */
export function presentInstanceType(offer: MachineOffer) {
  return {
    fid: instanceTypeFid(offer.machineType),
    name: offer.machineType,
    num_cpus: offer.vcpus,
    cpu_type: 'x86-64',
    ram_gb: memoryGbOf(offer),
    num_gpus: offer.gpuCount,
    gpu_type: offer.gpuType,
    gpu_memory_gb: offer.gpuMemoryGb,
    gpu_socket: '',
    local_storage_gb: offer.localStorageGb,
    network_type: null,
    ib_count: 0,
    bridge_count: 0,
  };
}

export function presentAvailability({ offer, zone, capacity, spotCents }: Availability, imageVersion: string | null) {
  return {
    fid: fidOf('auction', `${offer.machineType}_${zone}`),
    instance_type: instanceTypeFid(offer.machineType),
    region: zone,
    capacity,
    last_instance_price: dollars(spotCents),
    lowest_allocated_price: null,
    adjustable_memory: false,
    default_image_version: imageVersion,
  };
}

/** Returns a price. `minimum_price_cents` and `spot_price_cents` are never null, because clients compute with them. */
export function presentCurrentPrice({ spotCents, onDemandCents, capacity, totalCapacity }: CurrentPrice) {
  return {
    spot_price_cents: spotCents,
    reserved_price_cents: onDemandCents,
    minimum_price_cents: spotCents,
    lowest_allocated_bid_cents: null,
    dynamic_win_price_cents: spotCents,
    available_capacity: capacity,
    total_capacity: totalCapacity,
  };
}

export function presentPriceSeries({ machineType, zone, samples }: PriceSeries) {
  return {
    instance_type: instanceTypeFid(machineType),
    region: zone,
    timestamps: samples.map(({ atMs }) => timestamp(atMs)),
    spot_prices: samples.map(({ spotCents }) => dollars(spotCents)),
    reserved_prices: samples.map(({ onDemandCents }) => dollars(onDemandCents)),
    region_disabled: false,
  };
}

export function imageVersionFid({ id }: Pick<Image, 'id'>): string {
  return fidOf('imageVersion', id);
}

/** Returns the images that the customer may use: its own, and those for all customers. */
export function usableImages(images: readonly Image[], customerId: string): readonly Image[] {
  return images.filter((image) => image.customerId === '' || image.customerId === customerId);
}

/**
 * Returns the image of a launch that names none: the catalogue's latest Ubuntu, which has the login user that clients
 * expect.
 */
export function defaultImageVersion(images: readonly Image[], customerId: string): string | null {
  const ubuntu = usableImages(images, customerId).filter(({ image }) => image.startsWith('projects/ubuntu-os-cloud/'));
  const latest = ubuntu.toSorted((a, b) => (a.id < b.id ? 1 : -1))[0];
  return latest === undefined ? null : imageVersionFid(latest);
}

export function presentImageVersion(image: Image, zones: readonly string[]) {
  return {
    image_version_fid: imageVersionFid(image),
    image_version_name: image.id,
    os: image.name,
    kernel: 'linux',
    stable: true,
    supported_regions: zones,
    deactivated_at: null,
    nvidia_driver: null,
    cuda: null,
    cuda_toolkit: null,
    nvidia_container_toolkit: null,
    packages: null,
  };
}

/** Formats cents as `$15.60`: two decimals, no thousands separators. */
function dollars(cents: number): string {
  return `$${(cents / 100).toFixed(2)}`;
}
