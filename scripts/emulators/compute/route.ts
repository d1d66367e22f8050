import { ComputeError } from './compute-error.ts';

/** The methods that change a VM, by their names in the API. */
export const MUTATIONS = [
  'instances.insert',
  'instances.start',
  'instances.stop',
  'instances.reset',
  'instances.suspend',
  'instances.resume',
  'instances.setLabels',
  'instances.delete',
] as const;
export type Mutation = (typeof MUTATIONS)[number];

export type ApiMethod =
  | Mutation
  | 'instances.get'
  | 'instances.list'
  | 'instances.aggregatedList'
  | 'zoneOperations.get'
  | 'zoneOperations.list'
  | 'zoneOperations.wait'
  | 'zoneOperations.delete';

/** A request as far as its path says. */
export interface Route {
  readonly method: ApiMethod;
  readonly project: string;
  /** Empty for an aggregated list. */
  readonly zone: string;
  /** The instance or the operation; empty for collections. */
  readonly resource: string;
}

const POWER = ['start', 'stop', 'reset', 'suspend', 'resume', 'setLabels'] as const;

const ROUTES: readonly { readonly method: ApiMethod; readonly verb: string; readonly path: RegExp }[] = [
  { method: 'instances.aggregatedList', verb: 'GET', path: pattern('aggregated/instances') },
  { method: 'instances.list', verb: 'GET', path: pattern('zones/{zone}/instances') },
  { method: 'instances.insert', verb: 'POST', path: pattern('zones/{zone}/instances') },
  { method: 'instances.get', verb: 'GET', path: pattern('zones/{zone}/instances/{resource}') },
  { method: 'instances.delete', verb: 'DELETE', path: pattern('zones/{zone}/instances/{resource}') },
  ...POWER.map((action) => ({
    method: `instances.${action}` as const,
    verb: 'POST',
    path: pattern(`zones/{zone}/instances/{resource}/${action}`),
  })),
  { method: 'zoneOperations.list', verb: 'GET', path: pattern('zones/{zone}/operations') },
  { method: 'zoneOperations.get', verb: 'GET', path: pattern('zones/{zone}/operations/{resource}') },
  { method: 'zoneOperations.delete', verb: 'DELETE', path: pattern('zones/{zone}/operations/{resource}') },
  { method: 'zoneOperations.wait', verb: 'POST', path: pattern('zones/{zone}/operations/{resource}/wait') },
];

function pattern(path: string): RegExp {
  const source = `/compute/v1/projects/{project}/${path}`.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return new RegExp(`^${source}$`);
}

export function isMutation(method: ApiMethod): method is Mutation {
  return MUTATIONS.some((mutation) => mutation === method);
}

/** Throws the 404 for what Compute Engine's v1 REST API does not have, as far as it exists here. */
export function findRoute(verb: string, pathname: string): Route {
  for (const { method, verb: wanted, path } of ROUTES) {
    if (verb !== wanted) continue;
    const groups = path.exec(pathname)?.groups;
    if (groups === undefined) continue;
    return {
      method,
      project: decode(groups['project'] ?? ''),
      zone: decode(groups['zone'] ?? ''),
      resource: decode(groups['resource'] ?? ''),
    };
  }
  throw new ComputeError(404, 'notFound', `The requested URL ${pathname} was not found on this server.`);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A stray percent sign names nothing that exists.
    throw new ComputeError(400, 'badRequest', 'Bad Request');
  }
}
