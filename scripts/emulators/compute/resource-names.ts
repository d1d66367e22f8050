const API = 'https://www.googleapis.com/compute/v1/';

/** Returns the full URL with which Compute Engine refers to a resource. */
export function resourceUrl(name: string): string {
  return API + name;
}

/** Normalises a reference to a resource: a full URL, `projects/…`, or a path within the project. */
export function parseResourceName(reference: string, project: string): string {
  const path = reference.replace(/^https?:\/\/[^/]+\/(compute\/)?(v1|beta|alpha)\//, '').replace(/^\//, '');
  return path.startsWith('projects/') ? path : `projects/${project}/${path}`;
}

export function zoneName(project: string, zone: string): string {
  return `projects/${project}/zones/${zone}`;
}

export function instanceName(project: string, zone: string, name: string): string {
  return `${zoneName(project, zone)}/instances/${name}`;
}

export function diskName(project: string, zone: string, name: string): string {
  return `${zoneName(project, zone)}/disks/${name}`;
}

export function operationName(project: string, zone: string, name: string): string {
  return `${zoneName(project, zone)}/operations/${name}`;
}

export function networkName(project: string, name: string): string {
  return `projects/${project}/global/networks/${name}`;
}

export function subnetworkName(project: string, region: string, name: string): string {
  return `projects/${project}/regions/${region}/subnetworks/${name}`;
}
