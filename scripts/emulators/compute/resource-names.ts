const API = 'https://www.googleapis.com/compute/v1/';

/** The full URL that Compute Engine writes wherever a resource refers to another one. */
export function resourceUrl(name: string): string {
  return API + name;
}

/** What callers may send for a resource: a full URL, `projects/…`, or a part that starts inside the project. */
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
