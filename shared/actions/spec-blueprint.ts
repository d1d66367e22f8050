import { IMAGE, NETWORK, NETWORK_CONFIG, SECURITY_GROUP, SERVER_TYPE, SUBNET } from '#shared/datastore/catalog-rows.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import { SUBNETS_OF_VPC } from '#shared/datastore/queries.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref, type Ref, type Row } from '#shared/datastore/write.ts';
import type { Blueprint } from '#shared/domain/blueprint.ts';
import type { Image, Network, NetworkConfig, ServerType, Subnet } from '#shared/domain/catalog.ts';
import { chooseSubnet } from '#shared/domain/choose-subnet.ts';
import { customMachineType } from '#shared/domain/custom-machine-type.ts';
import { Failure, type InvalidField } from '#shared/domain/failure.ts';
import { imageFacts } from '#shared/domain/image-facts.ts';
import type { InstanceSpec } from '#shared/domain/instance-spec.ts';
import { imageUser, loginMetadata } from '#shared/domain/login.ts';
import { architectureOf } from '#shared/domain/machine-traits.ts';
import { userDataMetadata } from '#shared/domain/user-data.ts';
import { regionOf, zonesOf } from '#shared/domain/zones.ts';
import type { InstanceKeys } from './keys-for-instance.ts';
import { imageByCloudName, serverTypeByCloudName } from './offered-by-cloud-name.ts';
import { unknownIdProblem, type UnknownId } from './nearest-in-catalog.ts';
import { DEFAULT_CONFIG } from './template-blueprint.ts';

export interface SpecRequest {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: InstanceSpec;
  /** The caller's customer: its rows of the catalogue may be used beside those for all customers. */
  readonly customerId: string;
  readonly project: string;
  /** Resolves the login keys; called while the catalogue is read. */
  readonly keys: () => Promise<InstanceKeys>;
  /** Key of the label that the service sets on its VMs; callers may not set it. */
  readonly ownLabel: string;
}

/** Format of ids in the catalogue; other strings are treated as unknown ids without a look-up. */
const CATALOG_ID = /^[a-z][a-z0-9._-]{0,62}$/;
/** Page size of the query; a VPC has only a few subnets per region. */
const SUBNETS_PAGE = 100;
/** Compute Engine's maximum number of network tags per VM. */
const TAGS_MAX = 64;

/**
 * Converts a spec to a blueprint. All catalogue rows that it names are read in one look-up. Zone, network and external
 * address default to the default network config. Throws one `unprocessable` that names every impossible part.
 */
export async function specBlueprint(
  request: SpecRequest,
  store: Pick<Store, 'get' | 'getAll' | 'query'>,
): Promise<Blueprint> {
  const { spec } = request;
  const [rows, keys] = await Promise.all([store.getAll(refsOf(spec)), request.keys()]);
  const catalog = new NamedRows(rows, request.customerId);
  const config = rowOf(rows, NETWORK_CONFIG, DEFAULT_CONFIG);
  if (config === undefined) {
    throw new Failure('internal', 'The default network is not set up. Please tell the platform’s operators.', {
      reason: 'default_network_missing',
    });
  }
  const [offeredType, offeredImage] = await Promise.all([
    catalog.has(SERVER_TYPE, spec.type) ? undefined : serverTypeByCloudName(spec.type, request.customerId, store),
    catalog.has(IMAGE, spec.image) ? undefined : imageByCloudName(spec.image, request.customerId, store),
  ]);
  const type = offeredType ?? catalog.find(SERVER_TYPE, spec.type, '/spec/type');
  const image = offeredImage ?? catalog.find(IMAGE, spec.image, '/spec/image');
  const network = catalog.find(NETWORK, spec.vpc_id, '/spec/vpc_id');
  const named = catalog.find(SUBNET, spec.subnet_id, '/spec/subnet_id');
  const groups = catalog.findAll(SECURITY_GROUP, spec.security_groups, '/spec/security_groups');
  const problems: InvalidField[] = [
    ...(await Promise.all(catalog.unknown.map((id) => unknownIdProblem(id, request.customerId, store)))),
    ...keys.unknown.map(({ id }) => problem('/spec/ssh_key_ids', `${quoted(id)} is not known`)),
  ];
  if (network !== undefined && named !== undefined && named.vpcId !== network.id) {
    problems.push(problem('/spec/subnet_id', `${quoted(named.id)} is not in the VPC ${quoted(network.id)}`));
  }
  const alone = network === undefined || spec.subnet_id !== undefined ? undefined : network;
  const subnet = alone === undefined ? named : await onlySubnet(alone, { zone: config.zone, request, store, problems });
  const machineType = type === undefined ? '' : machineTypeOf(type, spec, problems);
  if (type !== undefined && image !== undefined) problems.push(...imageProblems(type, image, spec));
  const userData = userDataOf(spec, problems);
  // A VPC has its own firewall rules. Without one, the default config's apply, which select VMs by the config's tags.
  const ownPlace = spec.vpc_id === undefined && spec.subnet_id === undefined;
  const tags = [...new Set([...(ownPlace ? config.tags : []), ...groups.flatMap((group) => group.tags)])];
  if (tags.length > TAGS_MAX) {
    problems.push(problem('/spec/security_groups', `amount to ${tags.length} network tags; ${TAGS_MAX} are possible`));
  }
  if (Object.hasOwn(request.labels, request.ownLabel)) {
    problems.push(problem(`/metadata/labels/${request.ownLabel}`, 'is a label of the service itself'));
  }
  if (problems.length > 0 || type === undefined || image === undefined) throw notPossible(problems);
  const vpc = network ?? (subnet === undefined ? undefined : (await store.get(ref(NETWORK, subnet.vpcId)))?.value);
  const user = imageUser(image);
  return {
    zone: subnet === undefined ? config.zone : zoneOf(subnet, config),
    machine: {
      machineType,
      image: image.image,
      diskSizeGb: spec.disk_gb ?? type.diskSizeGb,
      diskType: type.diskType,
      network: vpc?.network ?? config.network,
      subnetwork: subnet?.subnetwork ?? (ownPlace ? config.subnetwork : ''),
      tags,
      externalIp: config.externalIp,
      labels: request.labels,
      metadata: { ...loginMetadata(keys.keys, user), ...userData },
      spot: false,
      accelerator: type.accelerator,
      localSsds: type.localSsds,
      discardLocalSsd: type.discardLocalSsd,
    },
    login: { user, keyIds: keys.keys.map(({ id }) => id) },
    templateId: '',
    configId: '',
    displayName: request.name,
    spec: { ...spec },
    project: request.project,
  };
}

/** Returns references to every row that the spec names, and to the default network config. */
function refsOf(spec: InstanceSpec): readonly Ref<unknown>[] {
  const refs = <T>(kind: Kind<T>, ids: readonly (string | undefined)[] = []) =>
    [...new Set(ids)].filter((id) => id !== undefined && CATALOG_ID.test(id)).map((id) => ref(kind, id ?? ''));
  return [
    ref(NETWORK_CONFIG, DEFAULT_CONFIG),
    ...refs(SERVER_TYPE, [spec.type]),
    ...refs(IMAGE, [spec.image]),
    ...refs(NETWORK, [spec.vpc_id]),
    ...refs(SUBNET, [spec.subnet_id]),
    ...refs(SECURITY_GROUP, spec.security_groups),
  ];
}

type Rows = readonly (Row<unknown> | undefined)[];

function rowOf<T>(rows: Rows, kind: Kind<T>, id: string): T | undefined {
  const found = rows.find((row) => row?.kind === kind && row.id === id);
  // A row of this kind holds a T.
  return found?.value as T | undefined;
}

/**
 * The rows that a spec names, if they exist and the customer may use them; `unknown` collects the ids of the others.
 */
class NamedRows {
  readonly unknown: UnknownId[] = [];
  readonly #rows: Rows;
  readonly #customerId: string;

  constructor(rows: Rows, customerId: string) {
    this.#rows = rows;
    this.#customerId = customerId;
  }

  find<T extends { readonly customerId: string }>(
    kind: Kind<T>,
    id: string | undefined,
    pointer: string,
  ): T | undefined {
    if (id === undefined) return undefined;
    const found = this.#usable(kind, id);
    if (found === undefined) this.unknown.push({ pointer, id });
    return found;
  }

  has<T extends { readonly customerId: string }>(kind: Kind<T>, id: string): boolean {
    return this.#usable(kind, id) !== undefined;
  }

  /** A row of another customer is treated as if it did not exist. */
  #usable<T extends { readonly customerId: string }>(kind: Kind<T>, id: string): T | undefined {
    const found = rowOf(this.#rows, kind, id);
    return found?.customerId === '' || found?.customerId === this.#customerId ? found : undefined;
  }

  findAll<T extends { readonly customerId: string }>(
    kind: Kind<T>,
    ids: readonly string[] | undefined,
    pointer: string,
  ): readonly T[] {
    return [...new Set(ids)].map((id) => this.find(kind, id, pointer)).filter((row) => row !== undefined);
  }
}

/** Returns the server type's machine type, or a custom one if the spec requests other CPUs or memory. */
function machineTypeOf(type: ServerType, spec: InstanceSpec, problems: InvalidField[]): string {
  const vcpus = spec.vcpus ?? type.vcpus;
  const memoryMb = spec.memory_mb ?? type.memoryMb;
  if (vcpus === type.vcpus && memoryMb === type.memoryMb) return type.machineType;
  const custom = customMachineType(type.series, vcpus, memoryMb);
  if (custom.possible) return custom.machineType;
  for (const { about, message } of custom.problems) {
    // A member that the caller did not send cannot be wrong, so the problem is reported for the one that they sent.
    const sent = spec[about] === undefined ? (about === 'vcpus' ? 'memory_mb' : 'vcpus') : about;
    problems.push(problem(`/spec/${sent}`, message));
  }
  return '';
}

function userDataOf(spec: InstanceSpec, problems: InvalidField[]): Readonly<Record<string, string>> {
  const userData = userDataMetadata(spec.user_data ?? '');
  if (userData.valid) return userData.metadata;
  problems.push(problem('/spec/user_data', userData.message));
  return {};
}

/** Checks that the image fits the machine's architecture and the boot disk's size. */
function imageProblems(type: ServerType, image: Image, spec: InstanceSpec): readonly InvalidField[] {
  const problems: InvalidField[] = [];
  const { architecture, diskGbMin } = imageFacts(image);
  const its = architectureOf(type.machineType);
  if (architecture !== undefined && architecture !== its) {
    const message = `${quoted(image.id)} is for ${architecture}, and machines of the type ${quoted(type.id)} are ${its}`;
    problems.push(problem('/spec/image', message));
  }
  if ((spec.disk_gb ?? type.diskSizeGb) < diskGbMin) {
    problems.push(problem('/spec/disk_gb', `must be at least ${diskGbMin}, the size of the image ${quoted(image.id)}`));
  }
  return problems;
}

interface SubnetSearch {
  /** The VM's zone, unless the subnet determines another. */
  readonly zone: string;
  readonly request: SpecRequest;
  readonly store: Pick<Store, 'query'>;
  /** Receives a problem if the VPC has several subnets and the caller has to choose one. */
  readonly problems: InvalidField[];
}

/**
 * Finds the subnet of a VPC that the spec names without a subnet; `undefined` if the catalogue has no subnet of the
 * VPC.
 */
async function onlySubnet(
  network: Network,
  { zone, request, store, problems }: SubnetSearch,
): Promise<Subnet | undefined> {
  const subnets: Subnet[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query(
      SUBNETS_OF_VPC,
      { vpcId: { stringValue: network.id } },
      { limit: SUBNETS_PAGE, ...(cursor === undefined ? {} : { cursor }) },
    );
    subnets.push(...page.rows.map(({ value }) => value));
    cursor = page.cursor;
  } while (cursor !== undefined);
  const usable = subnets.filter(({ customerId }) => customerId === '' || customerId === request.customerId);
  const choice = chooseSubnet(usable, zone);
  if (choice.subnet === undefined && choice.problem !== undefined) {
    problems.push(problem('/spec/subnet_id', `is needed, for the VPC ${quoted(network.id)} ${choice.problem}`));
  }
  return choice.subnet;
}

/**
 * Returns the subnet's zone. If it has none, returns the default config's zone if it is in the subnet's region,
 * otherwise the region's first zone.
 */
function zoneOf(subnet: Subnet, config: NetworkConfig): string {
  if (subnet.zone !== '') return subnet.zone;
  if (regionOf(config.zone) === subnet.region) return config.zone;
  return zonesOf(subnet.region)[0] ?? `${subnet.region}-a`;
}

function problem(pointer: string, message: string): InvalidField {
  return { place: 'body', pointer, message, rule: 'catalog' };
}

function quoted(id: string): string {
  return JSON.stringify(id);
}

function notPossible(problems: readonly InvalidField[]): Failure {
  const text = problems.map(({ pointer, message }) => `${pointer.slice(1).replaceAll('/', '.')} ${message}`).join('; ');
  return new Failure('unprocessable', `The request cannot be honoured: ${text}.`, {
    reason: 'spec_not_possible',
    fields: problems,
  });
}
