import type { LaunchSpecification } from '#shared/domain/bid.ts';
import type { Image, ServerType } from '#shared/domain/catalog.ts';
import { nearestText } from '#shared/domain/nearest.ts';
import { Failure } from '#shared/domain/failure.ts';
import { fidOf, idOf } from '#shared/domain/fids.ts';
import { imageFacts } from '#shared/domain/image-facts.ts';
import type { MachineSpec } from '#shared/domain/instance.ts';
import type { Login } from '#shared/domain/login.ts';
import { launchZones } from '#shared/domain/launch-zones.ts';
import { machineOffers, memoryGbOf, typeNotFound } from '#shared/domain/machine-offer.ts';
import { architectureOf } from '#shared/domain/machine-traits.ts';
import { scriptMetadata } from '#shared/domain/user-data.ts';
import type { BidLogin } from './bid-login.ts';
import type { CatalogReader } from './catalog-reader.ts';
import { readLaunchCatalog } from './launch-catalog.ts';
import { subnetworkIn } from './subnetwork-in.ts';

export interface BidMachineRequest {
  readonly customerId: string;
  /** fid. */
  readonly instanceType: string;
  readonly zone: string;
  readonly launch: LaunchSpecification;
  readonly kubernetesCluster: string | null;
  /** Resolves the login; called while the catalogue is read. */
  readonly login: () => Promise<BidLogin>;
}

/**
 * Network tag that lets machines of bids reach each other's private addresses; infra/network.tf has the firewall rule.
 */
const BID_TAG = 'bid';

/** The machine of each instance of a bid, and who may log in to it. */
export interface BidMachine {
  readonly machine: MachineSpec;
  readonly login: Login;
  /** The other machine types that the customer can have. */
  readonly others: readonly string[];
}

/**
 * Resolves the machine of a bid's instances. Accepts the same types and zones as the instance types list and the
 * availability list show. Throws `not_found` for a type, image or cluster that does not exist, and `invalid_request`
 * for a zone without the type, an image of another architecture, or a memory size other than the type's.
 */
export async function bidMachine(request: BidMachineRequest, catalog: CatalogReader): Promise<BidMachine> {
  const { launch, zone } = request;
  const [{ type, zones, config, others }, images, { login, metadata }] = await Promise.all([
    offeredType(request, catalog),
    catalog.images(),
    request.login(),
  ]);
  const image = imageOf(request, type, images);
  if (request.kubernetesCluster !== null) throw clusterNotFound();
  if (!zones.includes(zone)) throw invalid('/region', `must be one of ${zones.join(', ')}`, 'enum');
  if (launch.memoryGb !== null && launch.memoryGb !== memoryGbOf(type)) {
    throw invalid('/launch_specification/memory_gb', 'is not the memory of the instance type', 'enum');
  }
  const machine = {
    machineType: type.machineType,
    image: image.image,
    diskSizeGb: Math.max(type.diskSizeGb, imageFacts(image).diskGbMin),
    diskType: type.diskType,
    network: config.network,
    subnetwork: await subnetworkIn({ zone, config, pointers: { zone: '/region', config: '/region' } }, catalog),
    tags: [...new Set([...config.tags, BID_TAG])],
    externalIp: config.externalIp,
    labels: {},
    metadata: { ...metadata, ...scriptMetadata(launch.startupScript ?? '') },
    spot: true,
    accelerator: type.accelerator,
    localSsds: type.localSsds,
    discardLocalSsd: type.discardLocalSsd,
  };
  return { machine, login, others };
}

/** Finds the server type of the requested machine type, and the zones that offer it. */
async function offeredType({ customerId, instanceType }: BidMachineRequest, catalog: CatalogReader) {
  const found = await readLaunchCatalog(catalog);
  const machineType = idOf('instanceType', instanceType) ?? '';
  const offered = machineOffers(found.serverTypes, customerId).map((offer) => offer.machineType);
  const others = offered.filter((other) => other !== machineType);
  // Server types of the same machine type differ only in their boot disks. The offers use the first one, so it is used
  // here.
  const type = found.serverTypes.find(
    (row) => row.machineType === machineType && (row.customerId === '' || row.customerId === customerId),
  );
  if (type === undefined) throw typeNotFound(instanceType, others);
  return { type, zones: launchZones(found, customerId).get(machineType) ?? [], config: found.config, others };
}

/** Finds the requested image; without a requested version, the latest Ubuntu image for the type's architecture. */
function imageOf(
  { customerId, launch: { imageVersion } }: BidMachineRequest,
  { machineType }: Pick<ServerType, 'machineType'>,
  catalogued: readonly Image[],
): Image {
  const images = catalogued.filter((image) => image.customerId === '' || image.customerId === customerId);
  const runsOnIt = (image: Image) => (imageFacts(image).architecture ?? architecture) === architecture;
  const architecture = architectureOf(machineType);
  if (imageVersion !== null) {
    const wanted = images.find(({ id }) => fidOf('imageVersion', id) === imageVersion);
    if (wanted === undefined) throw imageNotFound(imageVersion, images);
    if (runsOnIt(wanted)) return wanted;
    throw invalid('/launch_specification/image_version', `is not for machines of ${architecture}`, 'enum');
  }
  const ubuntu = images
    .filter((image) => image.image.startsWith('projects/ubuntu-os-cloud/') && runsOnIt(image))
    .sort((a, b) => (a.id < b.id ? 1 : -1));
  const [latest] = ubuntu;
  if (latest !== undefined) return latest;
  const text = `No Ubuntu image for ${architecture} is set up. Name an image_version, or tell the platform’s operators.`;
  throw new Failure('internal', text, { reason: 'image_missing' });
}

function imageNotFound(asked: string, images: readonly Image[]): Failure {
  const near = nearestText(
    asked,
    images.map(({ id }) => fidOf('imageVersion', id)),
  );
  const text = `There is no image version ${JSON.stringify(asked)}. ${near} GET /v2/image-versions lists all.`;
  return new Failure('not_found', text, { reason: 'image_version_not_found' });
}

function clusterNotFound(): Failure {
  const text = 'There is no such Kubernetes cluster: none is offered. Leave kubernetes_cluster out.';
  return new Failure('not_found', text, { reason: 'cluster_not_found' });
}

function invalid(pointer: string, message: string, rule: string): Failure {
  const text = `body${pointer.replaceAll('/', '.')} ${message}`;
  return new Failure('invalid_request', `The request is not valid: ${text}.`, {
    fields: [{ place: 'body', pointer, message, rule }],
  });
}
