import type { Availability, CurrentPrice } from '#shared/actions/read-offers.ts';
import type { PriceSeries } from '#shared/actions/read-price-series.ts';
import type { Image } from '#shared/domain/catalog.ts';
import { fidOf, instanceTypeFid } from '#shared/domain/fids.ts';
import { type MachineOffer, memoryGbOf } from '#shared/domain/machine-offer.ts';
import { timestamp } from '../timestamp.ts';

/** A machine type that can be launched. All keys are always there; what there is none of is 0 or "", never null. */
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

/** `minimum_price_cents` and `spot_price_cents` are never null: clients compute with them. */
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

/** The images that belong to a customer or to all. */
export function usableImages(images: readonly Image[], customerId: string): readonly Image[] {
  return images.filter((image) => image.customerId === '' || image.customerId === customerId);
}

/** The image that a launch without one gets: the latest Ubuntu of the catalogue, which has the user that clients log in as. */
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

/** `$15.60`: a dollar sign and two digits after the point, without thousands separators. */
function dollars(cents: number): string {
  return `$${(cents / 100).toFixed(2)}`;
}
