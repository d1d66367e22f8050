import {
  readFlag,
  readInteger,
  readObject,
  readObjects,
  readReference,
  readText,
  readTextMap,
  readTexts,
} from './body-members.ts';
import { ComputeError, invalidField, notFound, requiredField } from './compute-error.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { AccessConfig, AttachedDisk, InstanceResource, Machine, NetworkInterface } from './instance-resource.ts';
import type { JsonObject } from './json-object.ts';
import { parseMachineType } from './machine-type.ts';
import { pacificTime } from './pacific-time.ts';
import { instanceName, parseResourceName, regionOf, resourceUrl, zoneName } from './resource-names.ts';
import { findSourceImage } from './source-image.ts';

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const LABELS_MAX = 64;

export interface Place {
  readonly project: string;
  readonly zone: string;
}

/** Reads the name of an insert first, because everything else is said in terms of it. */
export function readMachineName(body: JsonObject): string {
  const name = readText(body, 'name', 'resource') ?? '';
  if (name === '') throw requiredField('resource.name');
  if (!NAME.test(name)) {
    throw invalidField('resource.name', name, "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'");
  }
  return name;
}

/**
 * Builds the VM that an `instances.insert` body asks for, PROVISIONING and without addresses. Throws what Compute Engine
 * answers to a body it refuses.
 */
export function buildMachine(place: Place, body: JsonObject, id: string, nowMs: number): Machine {
  const { project, zone } = place;
  const name = readMachineName(body);
  const typeReference = readReference(body, 'machineType', 'resource');
  if (typeReference === undefined) throw requiredField('resource.machineType');
  const machineType = parseMachineType(typeReference, project, zone);
  const labels = readLabels(body, 'resource');
  const tags = readTags(body);
  const metadata = readMetadata(body);
  const networkInterfaces = readInterfaces(body, place);
  const disks = readDisks(body, place, name);
  const accounts = readObjects(body, 'serviceAccounts', 'resource').map((account) => ({
    email: (readReference(account, 'email', 'resource.serviceAccounts') ?? 'default').replace(
      /^default$/,
      `${projectNumber(project)}-compute@developer.gserviceaccount.com`,
    ),
    scopes: readTexts(account, 'scopes', 'resource.serviceAccounts'),
  }));
  const hostname = readReference(body, 'hostname', 'resource');
  const scheduling = readScheduling(body);
  const resource: InstanceResource = {
    kind: 'compute#instance',
    id,
    creationTimestamp: pacificTime(nowMs),
    name,
    description: readText(body, 'description', 'resource') ?? '',
    ...(hostname === undefined ? {} : { hostname }),
    tags,
    machineType: resourceUrl(machineType.resourceName),
    status: 'PROVISIONING',
    zone: resourceUrl(zoneName(project, zone)),
    canIpForward: readFlag(body, 'canIpForward', 'resource') ?? false,
    networkInterfaces,
    disks,
    metadata,
    ...(accounts.length === 0 ? {} : { serviceAccounts: accounts }),
    selfLink: resourceUrl(instanceName(project, zone, name)),
    scheduling,
    cpuPlatform: machineType.cpuPlatform,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    labelFingerprint: fingerprintOf(labels),
    startRestricted: false,
    deletionProtection: readFlag(body, 'deletionProtection', 'resource') ?? false,
    shieldedInstanceConfig: {
      enableSecureBoot: false,
      enableVtpm: true,
      enableIntegrityMonitoring: true,
      ...readObject(body, 'shieldedInstanceConfig', 'resource'),
    },
    shieldedInstanceIntegrityPolicy: { updateAutoLearnPolicy: true },
    fingerprint: fingerprintOf([id, nowMs]),
  };
  const staticNatIps = networkInterfaces.flatMap(({ accessConfigs = [] }) =>
    accessConfigs.flatMap(({ natIP }) => (natIP === undefined ? [] : [natIP])),
  );
  const { cpuPlatform } = machineType;
  return { id, project, zone, name, createdMs: nowMs, deleting: false, cpuPlatform, staticNatIps, resource };
}

/** Labels of an insert or of setLabels, within Compute Engine's bounds. */
export function readLabels(body: JsonObject, path: string): Readonly<Record<string, string>> {
  const labels = readTextMap(body, 'labels', path);
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) {
    throw invalidField(`${path}.labels`, '', `The number of labels must not exceed ${LABELS_MAX}.`);
  }
  for (const [key, value] of entries) {
    if (!LABEL_KEY.test(key)) {
      throw invalidField(`${path}.labels`, '', `Label key '${key}' violates format constraints.`);
    }
    if (!LABEL_VALUE.test(value)) {
      throw invalidField(`${path}.labels`, '', `Label value '${value}' violates format constraints.`);
    }
  }
  return labels;
}

/** A made-up but steady number, because default service accounts are named after it. */
function projectNumber(project: string): string {
  let number = 0n;
  for (const byte of Buffer.from(project)) number = (number * 257n + BigInt(byte)) % 900_000_000_000n;
  return String(number + 100_000_000_000n);
}

function readTags(body: JsonObject): InstanceResource['tags'] {
  const items = readTexts(readObject(body, 'tags', 'resource') ?? {}, 'items', 'resource.tags');
  items.forEach((tag, index) => {
    if (!NAME.test(tag)) {
      throw invalidField(
        `resource.tags.items[${index}]`,
        tag,
        "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'",
      );
    }
  });
  return { ...(items.length === 0 ? {} : { items }), fingerprint: fingerprintOf(items) };
}

function readMetadata(body: JsonObject): InstanceResource['metadata'] {
  const metadata = readObject(body, 'metadata', 'resource') ?? {};
  const items = readObjects(metadata, 'items', 'resource.metadata').map((item) => {
    const key = readText(item, 'key', 'resource.metadata.items') ?? '';
    const value = readText(item, 'value', 'resource.metadata.items');
    if (!/^[a-zA-Z0-9-_]{1,128}$/.test(key)) {
      throw invalidField('resource.metadata.items.key', key, "Must be a match of regex '[a-zA-Z0-9-_]{1,128}'");
    }
    return { key, ...(value === undefined ? {} : { value }) };
  });
  const keys = new Set(items.map(({ key }) => key));
  if (keys.size < items.length) {
    throw new ComputeError(400, 'invalid', "Invalid value for field 'resource.metadata': duplicate metadata keys.");
  }
  return {
    kind: 'compute#metadata',
    fingerprint: fingerprintOf(items),
    ...(items.length === 0 ? {} : { items }),
  };
}

function readScheduling(body: JsonObject): JsonObject {
  const asked = readObject(body, 'scheduling', 'resource') ?? {};
  const path = 'resource.scheduling';
  const preemptible = readFlag(asked, 'preemptible', path) ?? false;
  const model = readReference(asked, 'provisioningModel', path) ?? (preemptible ? 'SPOT' : 'STANDARD');
  if (model !== 'STANDARD' && model !== 'SPOT') {
    throw invalidField(`${path}.provisioningModel`, model, 'Only STANDARD and SPOT are available in this zone.');
  }
  const spot = model === 'SPOT';
  if (spot && readFlag(asked, 'automaticRestart', path) === true) {
    throw invalidField(
      `${path}.automaticRestart`,
      'true',
      'Scheduling must have automaticRestart be false for Spot VMs.',
    );
  }
  if (spot && readReference(asked, 'onHostMaintenance', path) === 'MIGRATE') {
    throw invalidField(`${path}.onHostMaintenance`, 'MIGRATE', 'Spot VMs must be terminated on host maintenance.');
  }
  const defaults = spot
    ? { onHostMaintenance: 'TERMINATE', automaticRestart: false, instanceTerminationAction: 'STOP' }
    : { onHostMaintenance: 'MIGRATE', automaticRestart: true };
  return { ...defaults, ...asked, preemptible: spot || preemptible, provisioningModel: model };
}

function readInterfaces(body: JsonObject, { project, zone }: Place): readonly NetworkInterface[] {
  const asked = readObjects(body, 'networkInterfaces', 'resource');
  if (asked.length === 0) {
    throw invalidField('resource.networkInterfaces', '', 'At least one network interface is required.');
  }
  return asked.map((item, index) => {
    const path = `resource.networkInterfaces[${index}]`;
    const subnetworkReference = readReference(item, 'subnetwork', path);
    const network = parseResourceName(readReference(item, 'network', path) ?? 'global/networks/default', project);
    if (!/^projects\/[^/]+\/global\/networks\/[^/]+$/.test(network)) {
      throw invalidField(`${path}.network`, network, 'The URL is malformed.');
    }
    const region = regionOf(zone);
    // A network in automatic mode has one subnetwork of its own name in each region.
    const subnetwork = parseResourceName(
      subnetworkReference ?? `regions/${region}/subnetworks/${network.slice(network.lastIndexOf('/') + 1)}`,
      project,
    );
    const match = /^projects\/[^/]+\/regions\/([^/]+)\/subnetworks\/[^/]+$/.exec(subnetwork);
    if (match === null) throw invalidField(`${path}.subnetwork`, subnetwork, 'The URL is malformed.');
    if (match[1] !== region) {
      throw invalidField(`${path}.subnetwork`, subnetwork, `The subnetwork must be in the region '${region}'.`);
    }
    const networkIP = readReference(item, 'networkIP', path);
    const nicType = readReference(item, 'nicType', path);
    const accessConfigs = readObjects(item, 'accessConfigs', path).map((config) => readAccessConfig(config, path));
    if (accessConfigs.length > 1) {
      throw invalidField(`${path}.accessConfigs`, '', 'At most one access config currently supported.');
    }
    return {
      kind: 'compute#networkInterface',
      name: `nic${index}`,
      network: resourceUrl(network),
      subnetwork: resourceUrl(subnetwork),
      ...(networkIP === undefined ? {} : { networkIP }),
      ...(accessConfigs.length === 0 ? {} : { accessConfigs }),
      fingerprint: fingerprintOf(item),
      stackType: 'IPV4_ONLY',
      ...(nicType === undefined ? {} : { nicType }),
    };
  });
}

function readAccessConfig(config: JsonObject, path: string): AccessConfig {
  const type = readReference(config, 'type', `${path}.accessConfigs`) ?? 'ONE_TO_ONE_NAT';
  if (type !== 'ONE_TO_ONE_NAT') {
    throw invalidField(`${path}.accessConfigs[0].type`, type, 'Only ONE_TO_ONE_NAT is supported.');
  }
  const natIP = readReference(config, 'natIP', `${path}.accessConfigs`);
  return {
    kind: 'compute#accessConfig',
    type,
    name: readReference(config, 'name', `${path}.accessConfigs`) ?? 'External NAT',
    ...(natIP === undefined ? {} : { natIP }),
    networkTier: readReference(config, 'networkTier', `${path}.accessConfigs`) ?? 'PREMIUM',
  };
}

function readDisks(body: JsonObject, place: Place, machineName: string): readonly AttachedDisk[] {
  const asked = readObjects(body, 'disks', 'resource');
  if (asked.length === 0) throw invalidField('resource.disks', '', 'No disks are specified.');
  return asked.map((disk, index) => {
    const boot = readFlag(disk, 'boot', `resource.disks[${index}]`) ?? false;
    if (boot !== (index === 0)) {
      throw invalidField('resource.disks', '', 'Boot disk must be the first disk attached to the instance.');
    }
    return buildDisk(disk, index, place, machineName);
  });
}

function buildDisk(disk: JsonObject, index: number, place: Place, machineName: string): AttachedDisk {
  const path = `resource.disks[${index}]`;
  const { project, zone } = place;
  const source = readReference(disk, 'source', path);
  // Disks come and go with their VM here, so one that exists already cannot be named.
  if (source !== undefined) throw notFound(parseResourceName(source, project));
  const params = readObject(disk, 'initializeParams', path) ?? {};
  const paramsPath = `${path}.initializeParams`;
  const boot = index === 0;
  const imageReference = readReference(params, 'sourceImage', paramsPath);
  if (boot && imageReference === undefined) {
    throw invalidField(
      path,
      '',
      'You must specify a source image, a source snapshot or a source disk for a boot disk.',
    );
  }
  const image =
    imageReference === undefined ? undefined : findSourceImage(imageReference, project, `${paramsPath}.sourceImage`);
  const diskTypeReference = readReference(params, 'diskType', paramsPath);
  if (diskTypeReference !== undefined) checkDiskType(diskTypeReference, project, `${paramsPath}.diskType`);
  const imageGb = image?.diskGb ?? 1;
  const diskGb =
    readInteger(params, 'diskSizeGb', paramsPath) ??
    readInteger(disk, 'diskSizeGb', path) ??
    (image === undefined ? 500 : imageGb);
  if (diskGb < imageGb) {
    throw invalidField(
      `${paramsPath}.diskSizeGb`,
      String(diskGb),
      `Requested disk size cannot be smaller than the image size (${imageGb} GB)`,
    );
  }
  if (diskGb > 65_536) {
    throw invalidField(`${paramsPath}.diskSizeGb`, String(diskGb), 'Disk size cannot be larger than 65536 GB.');
  }
  const diskName = readReference(params, 'diskName', paramsPath) ?? (boot ? machineName : `${machineName}-${index}`);
  return {
    kind: 'compute#attachedDisk',
    type: readReference(disk, 'type', path) ?? 'PERSISTENT',
    mode: readReference(disk, 'mode', path) ?? 'READ_WRITE',
    source: resourceUrl(`${zoneName(project, zone)}/disks/${diskName}`),
    deviceName: readReference(disk, 'deviceName', path) ?? `persistent-disk-${index}`,
    index,
    boot,
    autoDelete: readFlag(disk, 'autoDelete', path) ?? false,
    ...(image === undefined ? {} : { licenses: [resourceUrl(image.licence)] }),
    interface: readReference(disk, 'interface', path) ?? 'SCSI',
    ...(image === undefined
      ? {}
      : { guestOsFeatures: [{ type: 'UEFI_COMPATIBLE' }, { type: 'VIRTIO_SCSI_MULTIQUEUE' }, { type: 'GVNIC' }] }),
    diskSizeGb: String(diskGb),
    ...(image === undefined ? {} : { architecture: image.architecture }),
  };
}

const DISK_TYPES = /^(pd-(standard|balanced|ssd|extreme)|hyperdisk-(balanced|extreme|throughput|ml)|local-ssd)$/;

function checkDiskType(reference: string, project: string, field: string): void {
  const resourceName = parseResourceName(reference, project);
  const match = /^projects\/[^/]+\/zones\/[^/]+\/diskTypes\/([^/]+)$/.exec(resourceName);
  if (match?.[1] === undefined) throw invalidField(field, reference, 'The URL is malformed.');
  if (!DISK_TYPES.test(match[1])) throw notFound(resourceName);
}
