import { ComputeError, invalidField, notFound } from './compute-error.ts';
import { acceleratorTypesOf } from './data/accelerators.ts';
import { PREDEFINED_TYPES } from './data/machine-types.ts';
import { MACHINE_SERIES } from './data/series.ts';
import { REGIONS, ZONES, hasSeries, regionOf } from './data/zones.ts';
import type { Disks } from './disks.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { JsonObject } from './json-object.ts';
import { aggregatedBody, listBody } from './list-body.ts';
import { parseListFilter } from './list-filter.ts';
import { pageOf } from './list-page.ts';
import { persistentDisksMax } from './machine-rules.ts';
import { findMachineType, machineTypeName } from './machine-type.ts';
import type { MachineType } from './machine-type.ts';
import type { Networks } from './networks.ts';
import { networkResource, subnetworkResource } from './networks.ts';
import { DISK_FIELDS, PLAIN_FIELDS } from './resource-fields.ts';
import { diskName, networkName, resourceUrl, subnetworkName, zoneName } from './resource-names.ts';
import type { CatalogReading, Route } from './route.ts';
import { findFamily, findImage } from './source-image.ts';
import type { FoundImage } from './source-image.ts';

interface CatalogRequest extends Route {
  readonly query: URLSearchParams;
  /** An `absent` fault: this call sees no disks, like a read of outdated data. */
  readonly absent?: boolean;
}

/** The methods that read resources other than VMs: disks, machine types, accelerators, images, networks, zones. */
export class CatalogApi {
  readonly #disks: Disks;
  readonly #networks: Networks;

  constructor({ disks, networks }: { readonly disks: Disks; readonly networks: Networks }) {
    this.#disks = disks;
    this.#networks = networks;
  }

  read(request: CatalogRequest, method: CatalogReading): object {
    const { project, zone, region, resource } = request;
    switch (method) {
      case 'disks.get':
        return this.#disk(request);
      case 'disks.list':
        return this.#listDisks(request);
      case 'disks.aggregatedList':
        return this.#aggregateDisks(request);
      case 'machineTypes.get':
        return machineType(project, zone, resource);
      case 'machineTypes.list':
        return listMachineTypes(request);
      case 'acceleratorTypes.get':
        return acceleratorType(project, zone, resource);
      case 'acceleratorTypes.list': {
        const types = acceleratorTypesOf(zone).map(({ name }) => acceleratorType(project, zone, name));
        return listed(request, 'acceleratorTypes', types);
      }
      case 'images.get':
        return image(findImage(project, resource), `projects/${project}/global/images/${resource}`);
      case 'images.getFromFamily':
        return image(findFamily(project, resource), `projects/${project}/global/images/family/${resource}`);
      case 'networks.get': {
        const network = this.#networks.find(project, resource);
        if (network === undefined) throw notFound(networkName(project, resource));
        return networkResource(network, project);
      }
      case 'networks.list':
        return listed(
          request,
          'networks',
          this.#networks.list(project).map((item) => networkResource(item, project)),
        );
      case 'subnetworks.get': {
        checkRegion(region);
        const subnetwork = this.#networks.findSubnetwork(project, region, resource);
        if (subnetwork === undefined) throw notFound(subnetworkName(project, region, resource));
        return subnetworkResource(subnetwork, project);
      }
      case 'subnetworks.list': {
        checkRegion(region);
        const subnetworks = this.#networks.subnetworks(project, region);
        return listed(
          request,
          'subnetworks',
          subnetworks.map((item) => subnetworkResource(item, project)),
        );
      }
      case 'zones.get':
        if (!ZONES.includes(resource)) throw notFound(zoneName(project, resource));
        return zoneResource(project, resource);
      case 'zones.list':
        return listed(
          request,
          'zones',
          ZONES.map((name) => zoneResource(project, name)),
        );
    }
  }

  #disk({ project, zone, resource, absent = false }: CatalogRequest): object {
    const disk = this.#disks.find(project, zone, resource);
    if (disk === undefined || absent) throw notFound(diskName(project, zone, resource));
    return disk.resource;
  }

  #listDisks({ project, zone, query, absent = false }: CatalogRequest): object {
    const filter = parseListFilter(query.get('filter') ?? '', DISK_FIELDS);
    const page = pageOf(
      this.#disks
        .list(project, zone)
        .filter(({ resource }) => !absent && filter(resource))
        .map(({ resource, name, createdMs }) => ({ item: resource, name, createdMs })),
      query,
    );
    return listBody('compute#diskList', `${zoneName(project, zone)}/disks`, page);
  }

  #aggregateDisks({ project, query, absent = false }: CatalogRequest): object {
    const filter = parseListFilter(query.get('filter') ?? '', DISK_FIELDS);
    const page = pageOf(
      this.#disks
        .list(project)
        .filter(({ resource }) => !absent && filter(resource))
        .map((item) => ({ item, name: `${item.zone}/${item.name}`, createdMs: item.createdMs })),
      query,
    );
    return aggregatedBody('compute#diskAggregatedList', `projects/${project}/aggregated/disks`, 'disks', page);
  }
}

function listed(
  { project, zone, region, query }: CatalogRequest,
  collection: string,
  resources: readonly JsonObject[],
): object {
  const filter = parseListFilter(query.get('filter') ?? '', PLAIN_FIELDS);
  const found = resources.filter((resource) => filter(resource));
  const page = pageOf(
    found.map((item) => ({ item, name: String(item['name']), createdMs: 0 })),
    query,
  );
  const parent = zone === '' ? (region === '' ? globalParent(collection) : `/regions/${region}`) : `/zones/${zone}`;
  const kind = `compute#${collection.slice(0, -1)}List`;
  return listBody(kind, `projects/${project}${parent}/${collection}`, page);
}

function globalParent(collection: string): string {
  return collection === 'zones' ? '' : '/global';
}

/** Throws Compute Engine's 400 for a region that does not exist (kubernetes-the-hard-way#153, python-compute#224). */
function checkRegion(region: string): void {
  if (!REGIONS.includes(region)) throw invalidField('region', region, 'Unknown region.');
}

function machineType(project: string, zone: string, name: string): JsonObject {
  const found = findMachineType(name, zone);
  if (!found.found) throw notFound(machineTypeName(project, zone, name));
  return machineTypeResource(project, zone, found.type);
}

function machineTypeResource(project: string, zone: string, type: MachineType): JsonObject {
  const { name, cpus, memoryMb, sharedCpu, ownLocalSsds, accelerator } = type;
  return {
    kind: 'compute#machineType',
    id: numberOf(name),
    creationTimestamp: '1969-12-31T16:00:00.000-08:00',
    name,
    description: `${cpus} vCPUs, ${memoryMb / 1024} GB RAM`,
    guestCpus: cpus,
    memoryMb,
    imageSpaceGb: 0,
    maximumPersistentDisks: persistentDisksMax({ sharedCpu }),
    maximumPersistentDisksSizeGb: sharedCpu ? '3072' : '263168',
    zone,
    selfLink: resourceUrl(machineTypeName(project, zone, name)),
    isSharedCpu: sharedCpu,
    architecture: type.traits.architecture,
    ...(accelerator === undefined
      ? {}
      : { accelerators: [{ guestAcceleratorType: accelerator.type, guestAcceleratorCount: accelerator.count }] }),
    ...(ownLocalSsds === 0 ? {} : { bundledLocalSsds: { defaultInterface: 'NVME', partitionCount: ownLocalSsds } }),
  };
}

function listMachineTypes(request: CatalogRequest): object {
  const { project, zone } = request;
  const types = [...PREDEFINED_TYPES.values()].flatMap((type) => {
    const traits = MACHINE_SERIES.get(type.series);
    if (traits === undefined || !hasSeries(zone, type.series)) return [];
    return [machineTypeResource(project, zone, { ...type, custom: false, traits })];
  });
  return listed(request, 'machineTypes', types);
}

function acceleratorType(project: string, zone: string, name: string): JsonObject {
  const resourceName = `${zoneName(project, zone)}/acceleratorTypes/${name}`;
  const found = acceleratorTypesOf(zone).find((type) => type.name === name);
  if (found === undefined) throw notFound(resourceName);
  return {
    kind: 'compute#acceleratorType',
    id: numberOf(name),
    name,
    description: found.description,
    zone: resourceUrl(zoneName(project, zone)),
    selfLink: resourceUrl(resourceName),
    maximumCardsPerInstance: 8,
  };
}

function image(found: FoundImage | undefined, resourceName: string): JsonObject {
  if (found === undefined) throw notFound(resourceName);
  const { project, name, family, diskGb, architecture, licence, state } = found;
  return {
    kind: 'compute#image',
    id: numberOf(`${project}/${name}`),
    name,
    family,
    selfLink: resourceUrl(`projects/${project}/global/images/${name}`),
    status: 'READY',
    sourceType: 'RAW',
    diskSizeGb: String(diskGb),
    architecture,
    licenses: [resourceUrl(`projects/${project}/global/licenses/${licence}`)],
    labelFingerprint: fingerprintOf({}),
    storageLocations: ['us'],
    ...(state === 'ACTIVE' ? {} : { deprecated: { state } }),
  };
}

function zoneResource(project: string, zone: string): JsonObject {
  return {
    kind: 'compute#zone',
    id: numberOf(zone),
    name: zone,
    description: zone,
    status: 'UP',
    region: resourceUrl(`projects/${project}/regions/${regionOf(zone)}`),
    selfLink: resourceUrl(zoneName(project, zone)),
  };
}

/** Returns a number that depends only on the name, as the id of a resource that exists from the start. */
function numberOf(name: string): string {
  return String(BigInt(`0x${Buffer.from(fingerprintOf(name), 'base64').toString('hex')}`) >> 1n);
}

/** Throws Compute Engine's 400 for a zone that does not exist; the message is modelled on the one for an unknown region. */
export function checkZone(zone: string): void {
  if (!ZONES.includes(zone))
    throw new ComputeError(400, 'invalid', `Invalid value for field 'zone': '${zone}'. Unknown zone.`);
}
