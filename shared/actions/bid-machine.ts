import type { LaunchSpecification } from '#shared/domain/bid.ts';
import type { Image, MachineExtras, NetworkConfig } from '#shared/domain/catalog.ts';
import { Failure } from '#shared/domain/failure.ts';
import { idOf } from '#shared/domain/fids.ts';
import type { MachineSpec } from '#shared/domain/instance.ts';
import type { Login } from '#shared/domain/login.ts';
import { scriptMetadata } from '#shared/domain/user-data.ts';
import { regionOf, zonesOf } from '#shared/domain/zones.ts';
import { BID_CONFIG } from '#shared/lifecycle/launch-bid.ts';
import type { BidLogin } from './bid-login.ts';
import type { CatalogReader } from './catalog-reader.ts';

export interface BidMachineRequest {
  readonly customerId: string;
  /** fid. */
  readonly instanceType: string;
  readonly zone: string;
  readonly launch: LaunchSpecification;
  readonly kubernetesCluster: string | null;
  /** Looked up beside the catalogue. */
  readonly login: () => Promise<BidLogin>;
}

/** What each instance is made of, and who may log in to it. */
export interface BidMachine {
  readonly machine: MachineSpec;
  readonly login: Login;
}

/** What the catalogue says about one machine type, wherever it names it. */
interface OfferedType extends MachineExtras {
  readonly machineType: string;
  readonly diskSizeGb: number;
  readonly diskType: string;
  readonly memoryGb: number | undefined;
  readonly regions: readonly string[];
}

/**
 * What each instance of a bid is made of. Throws `not_found` for a type, image or cluster that there is none of, and
 * `invalid_request` for a zone that does not have the type and for another memory than the type's.
 */
export async function bidMachine(request: BidMachineRequest, catalog: CatalogReader): Promise<BidMachine> {
  const { launch, zone } = request;
  const [type, image, config, { login, metadata }] = await Promise.all([
    offeredType(request, catalog),
    imageOf(request, catalog),
    catalog.config(BID_CONFIG),
    request.login(),
  ]);
  if (request.kubernetesCluster !== null) throw unknown('Kubernetes cluster', 'cluster_not_found');
  if (!type.regions.flatMap(zonesOf).includes(zone)) {
    throw invalid('/region', `must be one of ${type.regions.flatMap(zonesOf).join(', ')}`, 'enum');
  }
  if (launch.memoryGb !== null && launch.memoryGb !== type.memoryGb) {
    throw invalid('/launch_specification/memory_gb', 'is not the memory of the instance type', 'enum');
  }
  const machine = {
    machineType: type.machineType,
    image: image.image,
    diskSizeGb: type.diskSizeGb,
    diskType: type.diskType,
    ...networkOf(config, zone),
    labels: {},
    metadata: { ...metadata, ...scriptMetadata(launch.startupScript ?? '') },
    spot: true,
    accelerator: type.accelerator,
    localSsds: type.localSsds,
    discardLocalSsd: type.discardLocalSsd,
  };
  return { machine, login };
}

/** The network of the default configuration; its subnetwork only where the zone is in that one's region. */
function networkOf(
  config: NetworkConfig,
  zone: string,
): Pick<MachineSpec, 'network' | 'subnetwork' | 'tags' | 'externalIp'> {
  const { network, subnetwork, tags, externalIp } = config;
  return { network, subnetwork: regionOf(config.zone) === regionOf(zone) ? subnetwork : '', tags, externalIp };
}

async function offeredType(
  { customerId, instanceType }: BidMachineRequest,
  catalog: CatalogReader,
): Promise<OfferedType> {
  const machineType = idOf('instanceType', instanceType);
  const [serverTypes, templates, config] = await Promise.all([
    catalog.serverTypes(),
    catalog.templates(),
    catalog.config(BID_CONFIG),
  ]);
  const ordered = serverTypes.find(
    (type) => type.machineType === machineType && (type.customerId === '' || type.customerId === customerId),
  );
  const described = templates.filter((template) => template.machineType === machineType);
  const [template] = described;
  const found = ordered ?? template;
  if (machineType === undefined || found === undefined) {
    throw unknown('Instance type', 'instance_type_not_found');
  }
  return {
    machineType,
    diskSizeGb: found.diskSizeGb,
    diskType: found.diskType,
    accelerator: found.accelerator,
    localSsds: found.localSsds,
    discardLocalSsd: found.discardLocalSsd,
    memoryGb: ordered === undefined ? undefined : Math.round(ordered.memoryMb / 1024),
    regions: [
      ...new Set([...(ordered === undefined ? [] : [regionOf(config.zone)]), ...described.map(({ region }) => region)]),
    ],
  };
}

/** The image of that version; without one, the latest Ubuntu of the catalogue. */
async function imageOf(
  { customerId, launch }: BidMachineRequest,
  catalog: CatalogReader,
): Promise<Pick<Image, 'image'>> {
  const images = (await catalog.images()).filter((image) => image.customerId === '' || image.customerId === customerId);
  if (launch.imageVersion !== null) {
    const wanted = images.find(({ id }) => imageVersionFid(id) === launch.imageVersion);
    if (wanted === undefined) throw unknown('Image version', 'image_version_not_found');
    return wanted;
  }
  const ubuntu = images
    .filter(({ image }) => image.startsWith('projects/ubuntu-os-cloud/'))
    .sort((a, b) => (a.id < b.id ? 1 : -1));
  const [latest] = ubuntu;
  if (latest !== undefined) return latest;
  throw new Failure('internal', 'No Ubuntu image is set up. Please tell the platform’s operators.', {
    reason: 'image_missing',
  });
}

function imageVersionFid(id: string): string {
  return `imgver_${id}`;
}

function unknown(
  what: string,
  reason: 'instance_type_not_found' | 'image_version_not_found' | 'cluster_not_found',
): Failure {
  return new Failure('not_found', `${what} not found.`, { reason });
}

function invalid(pointer: string, message: string, rule: string): Failure {
  const text = `body${pointer.replaceAll('/', '.')} ${message}`;
  return new Failure('invalid_request', `The request is not valid: ${text}.`, {
    fields: [{ place: 'body', pointer, message, rule }],
  });
}
