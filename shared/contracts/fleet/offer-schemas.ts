import { Type } from 'typebox';
import { fid, nullable } from './schema-parts.ts';

const INSTANCE_TYPE = 'it_n1-standard-2';

const count = (description: string) => Type.Integer({ description, minimum: 0 });
const cents = (description: string) => nullable(Type.Integer({ minimum: 0 }), description);
const price = (description: string) =>
  Type.String({ description, pattern: '^\\$[0-9]+\\.[0-9]{2}$', examples: ['$0.04'] });

export const FleetInstanceType = Type.Object(
  {
    fid: fid('Id of the instance type.', INSTANCE_TYPE),
    name: Type.String({ description: 'Machine type of Compute Engine.', examples: ['n1-standard-2'] }),
    num_cpus: count('vCPUs.'),
    cpu_type: Type.String({ description: 'Architecture of the CPUs.' }),
    ram_gb: count('Memory in GB, rounded.'),
    num_gpus: count('GPUs; 0 for none.'),
    gpu_type: Type.String({ description: 'Type of the GPUs; empty for none.' }),
    gpu_memory_gb: count('GB of one GPU; 0 for none.'),
    gpu_socket: Type.String({ description: 'Always empty.' }),
    local_storage_gb: count('GB of Local SSD.'),
    network_type: nullable(Type.String(), 'Always null.'),
    ib_count: count('Always 0.'),
    bridge_count: count('Always 0.'),
  },
  { title: 'FleetInstanceType', description: 'A type of machine that can be launched.' },
);

export const FleetAvailability = Type.Object(
  {
    fid: fid('Id of this row.', 'auc_n1-standard-2_us-central1-a'),
    instance_type: fid('Type of machine.', INSTANCE_TYPE),
    region: Type.String({ description: 'Zone: `us-central1-a`. A bid names this word.' }),
    capacity: count('Instances that your quota leaves; 0 for some minutes after Compute Engine had no room there.'),
    last_instance_price: price('Price of a Spot VM per hour now.'),
    lowest_allocated_price: nullable(Type.String(), 'Always null: bids of others are not shown.'),
    adjustable_memory: Type.Boolean({ description: 'Always false.' }),
    default_image_version: nullable(Type.String(), 'Image of a launch that names none.'),
  },
  { title: 'FleetAvailability', description: 'A type of machine in a region, with its price.' },
);

export const FleetCurrentPrice = Type.Object(
  {
    spot_price_cents: cents('Price of a Spot VM per hour now.'),
    reserved_price_cents: cents('On-demand price per hour now; null where there is none.'),
    minimum_price_cents: cents('Lowest limit price with which a bid is allocated now.'),
    lowest_allocated_bid_cents: cents('Always null: bids of others are not shown.'),
    dynamic_win_price_cents: cents('Limit price with which a bid is allocated now.'),
    available_capacity: nullable(Type.Integer({ minimum: 0 }), 'Instances that can be had now.'),
    total_capacity: nullable(Type.Integer({ minimum: 0 }), 'Instances that your quota allows in all.'),
  },
  { title: 'FleetCurrentPrice', description: 'What a type of machine costs now.' },
);

export const FleetPriceSeries = Type.Object(
  {
    instance_type: fid('Type of machine.', INSTANCE_TYPE),
    region: Type.String({ description: 'Zone: `us-central1-a`.' }),
    timestamps: Type.Array(Type.String({ format: 'date-time' }), { description: 'Times, ascending.' }),
    spot_prices: Type.Array(Type.String(), { description: 'Price of a Spot VM per hour at each time.' }),
    reserved_prices: Type.Array(Type.String(), { description: 'On-demand price per hour at each time.' }),
    region_disabled: Type.Boolean({ description: 'Always false: a closed region is not listed.' }),
  },
  { title: 'FleetPriceSeries', description: 'Prices of a type of machine in a region over time.' },
);

export const FleetPriceSeriesList = Type.Object(
  {
    series: Type.Array(FleetPriceSeries, { description: 'One series for each type and region.' }),
    complete: Type.Boolean({ description: 'Whether all that was asked for is here; always true.' }),
  },
  { title: 'FleetPriceSeriesList', description: 'Prices over time.' },
);

export const FleetImageVersion = Type.Object(
  {
    image_version_fid: fid('Id of the image.', 'imgver_ubuntu-22.04'),
    image_version_name: Type.String({ description: 'Name of the image.' }),
    os: Type.String({ description: 'Operating system.' }),
    kernel: Type.String({ description: 'Family of its kernel.' }),
    stable: Type.Boolean({ description: 'Always true.' }),
    supported_regions: Type.Array(Type.String(), { description: 'Zones in which it can be launched.' }),
    deactivated_at: nullable(Type.String({ format: 'date-time' }), 'Always null: what has ended is not listed.'),
    nvidia_driver: nullable(Type.String(), 'Driver that it brings; null where not known.'),
    cuda: nullable(Type.String(), 'CUDA that it brings; null where not known.'),
    cuda_toolkit: nullable(Type.String(), 'CUDA toolkit that it brings; null where not known.'),
    nvidia_container_toolkit: nullable(Type.String(), 'Container toolkit that it brings; null where not known.'),
    packages: nullable(Type.String(), 'Packages that it brings; null where not known.'),
  },
  { title: 'FleetImageVersion', description: 'An image of the boot disk.' },
);

export const OFFER_SCHEMAS = {
  FleetInstanceType,
  FleetAvailability,
  FleetCurrentPrice,
  FleetPriceSeries,
  FleetPriceSeriesList,
  FleetImageVersion,
} as const;
