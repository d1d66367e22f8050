import { ComputeError } from './compute-error.ts';

/** The methods that change something, by their names in the API. */
export const MUTATIONS = [
  'instances.insert',
  'instances.start',
  'instances.stop',
  'instances.reset',
  'instances.suspend',
  'instances.resume',
  'instances.setLabels',
  'instances.setMetadata',
  'instances.setTags',
  'instances.setMachineType',
  'instances.setDeletionProtection',
  'instances.attachDisk',
  'instances.detachDisk',
  'instances.delete',
  'disks.insert',
  'disks.resize',
  'disks.setLabels',
  'disks.delete',
] as const;
export type Mutation = (typeof MUTATIONS)[number];

/** The methods that only read. */
export type Reading =
  | 'instances.get'
  | 'instances.list'
  | 'instances.aggregatedList'
  | 'instances.getSerialPortOutput'
  | 'zoneOperations.get'
  | 'zoneOperations.list'
  | 'zoneOperations.wait'
  | 'zoneOperations.delete'
  | CatalogReading;

/** The methods that read resources other than instances and operations. */
export type CatalogReading =
  | 'disks.get'
  | 'disks.list'
  | 'disks.aggregatedList'
  | 'machineTypes.get'
  | 'machineTypes.list'
  | 'acceleratorTypes.get'
  | 'acceleratorTypes.list'
  | 'images.get'
  | 'images.getFromFamily'
  | 'networks.get'
  | 'networks.list'
  | 'subnetworks.get'
  | 'subnetworks.list'
  | 'zones.get'
  | 'zones.list';

export type ApiMethod = Mutation | Reading;

/** A request's method and the parts of its path. */
export interface Route {
  readonly method: ApiMethod;
  readonly project: string;
  /** Empty where the path has no zone. */
  readonly zone: string;
  /** Empty where the path has no region. */
  readonly region: string;
  /** Name of the instance, operation, disk, …; empty for collections. */
  readonly resource: string;
}

const INSTANCE_ACTIONS = [
  'start',
  'stop',
  'reset',
  'suspend',
  'resume',
  'setLabels',
  'setMetadata',
  'setTags',
  'setMachineType',
  'setDeletionProtection',
  'attachDisk',
  'detachDisk',
] as const;

/** Returns the `get` and `list` routes of a collection. */
function getAndList<T extends 'machineTypes' | 'acceleratorTypes' | 'networks' | 'subnetworks' | 'zones' | 'disks'>(
  collection: T,
  parent: string,
) {
  return [
    { method: `${collection}.list` as const, verb: 'GET', path: pattern(`${parent}${collection}`) },
    { method: `${collection}.get` as const, verb: 'GET', path: pattern(`${parent}${collection}/{resource}`) },
  ];
}

const ROUTES: readonly { readonly method: ApiMethod; readonly verb: string; readonly path: RegExp }[] = [
  { method: 'instances.aggregatedList', verb: 'GET', path: pattern('aggregated/instances') },
  { method: 'instances.list', verb: 'GET', path: pattern('zones/{zone}/instances') },
  { method: 'instances.insert', verb: 'POST', path: pattern('zones/{zone}/instances') },
  { method: 'instances.get', verb: 'GET', path: pattern('zones/{zone}/instances/{resource}') },
  { method: 'instances.delete', verb: 'DELETE', path: pattern('zones/{zone}/instances/{resource}') },
  {
    method: 'instances.getSerialPortOutput',
    verb: 'GET',
    path: pattern('zones/{zone}/instances/{resource}/serialPort'),
  },
  ...INSTANCE_ACTIONS.map((action) => ({
    method: `instances.${action}` as const,
    verb: 'POST',
    path: pattern(`zones/{zone}/instances/{resource}/${action}`),
  })),
  { method: 'zoneOperations.list', verb: 'GET', path: pattern('zones/{zone}/operations') },
  { method: 'zoneOperations.get', verb: 'GET', path: pattern('zones/{zone}/operations/{resource}') },
  { method: 'zoneOperations.delete', verb: 'DELETE', path: pattern('zones/{zone}/operations/{resource}') },
  { method: 'zoneOperations.wait', verb: 'POST', path: pattern('zones/{zone}/operations/{resource}/wait') },
  { method: 'disks.aggregatedList', verb: 'GET', path: pattern('aggregated/disks') },
  ...getAndList('disks', 'zones/{zone}/'),
  { method: 'disks.insert', verb: 'POST', path: pattern('zones/{zone}/disks') },
  { method: 'disks.resize', verb: 'POST', path: pattern('zones/{zone}/disks/{resource}/resize') },
  { method: 'disks.setLabels', verb: 'POST', path: pattern('zones/{zone}/disks/{resource}/setLabels') },
  { method: 'disks.delete', verb: 'DELETE', path: pattern('zones/{zone}/disks/{resource}') },
  ...getAndList('machineTypes', 'zones/{zone}/'),
  ...getAndList('acceleratorTypes', 'zones/{zone}/'),
  { method: 'images.getFromFamily', verb: 'GET', path: pattern('global/images/family/{resource}') },
  { method: 'images.get', verb: 'GET', path: pattern('global/images/{resource}') },
  ...getAndList('networks', 'global/'),
  ...getAndList('subnetworks', 'regions/{region}/'),
  ...getAndList('zones', ''),
];

function pattern(path: string): RegExp {
  const source = `/compute/v1/projects/{project}/${path}`.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return new RegExp(`^${source}$`);
}

export function isMutation(method: ApiMethod): method is Mutation {
  return MUTATIONS.some((mutation) => mutation === method);
}

/** Finds the route of a request. Throws Compute Engine's 404 for a path that the emulator does not implement. */
export function findRoute(verb: string, pathname: string): Route {
  for (const { method, verb: wanted, path } of ROUTES) {
    if (verb !== wanted) continue;
    const groups = path.exec(pathname)?.groups;
    if (groups === undefined) continue;
    return {
      method,
      project: decode(groups['project'] ?? ''),
      zone: decode(groups['zone'] ?? ''),
      region: decode(groups['region'] ?? ''),
      resource: decode(groups['resource'] ?? ''),
    };
  }
  throw new ComputeError(404, 'notFound', `The requested URL ${pathname} was not found on this server.`);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // An incomplete percent escape cannot name an existing resource.
    throw new ComputeError(400, 'badRequest', 'Bad Request');
  }
}
