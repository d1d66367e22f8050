/** The zones that exist; a region is a zone's name without its letter. */
export const ZONES: readonly string[] = [
  'europe-west1-b',
  'europe-west1-c',
  'europe-west1-d',
  'europe-west4-a',
  'europe-west4-b',
  'us-central1-a',
  'us-central1-b',
  'us-central1-c',
  'us-central1-f',
  'us-east1-b',
  'us-east1-c',
  'us-east1-d',
  'us-west1-a',
  'us-west1-b',
];

const API = 'https://www.googleapis.com/compute/v1/';

export function regionOf(zone: string): string {
  return zone.replace(/-[a-z]$/, '');
}

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

export function operationName(project: string, zone: string, name: string): string {
  return `${zoneName(project, zone)}/operations/${name}`;
}
