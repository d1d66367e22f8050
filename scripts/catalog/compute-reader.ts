import { GoogleAuth } from 'google-auth-library';
import { Failure } from '#shared/domain/failure.ts';

const COMPUTE = 'https://compute.googleapis.com';
const SCOPE = 'https://www.googleapis.com/auth/compute.readonly';

/** A resource of Compute Engine, with unchecked members. */
export type Resource = Readonly<Record<string, unknown>>;

export interface ComputeReaderOptions {
  readonly project: string;
  /** `host:port` of a local cloud's Compute Engine; `undefined` for Google Cloud. */
  readonly emulatorHost: string | undefined;
}

/** Reads resources of Compute Engine by their paths, with Application Default Credentials. */
export class ComputeReader {
  readonly project: string;
  readonly #base: string;
  readonly #auth: GoogleAuth | undefined;

  constructor({ project, emulatorHost }: ComputeReaderOptions) {
    this.project = project;
    this.#base = emulatorHost === undefined ? COMPUTE : `http://${emulatorHost}`;
    this.#auth = emulatorHost === undefined ? new GoogleAuth({ scopes: SCOPE }) : undefined;
  }

  /**
   * Returns the resource of a path; `global/networks/default` belongs to the reader's own project. `undefined` if it
   * does not exist.
   *
   * Throws `cloud_failed` with Compute Engine's text if the read is refused.
   */
  async get(path: string): Promise<Resource | undefined> {
    const name = path.startsWith('projects/') ? path : `projects/${this.project}/${path}`;
    const token = await this.#auth?.getAccessToken();
    const response = await fetch(`${this.#base}/compute/v1/${name}`, {
      headers: token === undefined || token === null ? {} : { authorization: `Bearer ${token}` },
    });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.status === 404) return undefined;
    if (!response.ok) {
      throw new Failure(
        'cloud_failed',
        `Compute Engine does not tell of ${name}: ${messageOf(body) ?? response.status}`,
        {
          reason: 'cloud_unavailable',
        },
      );
    }
    return isResource(body) ? body : undefined;
  }
}

function messageOf(body: unknown): string | undefined {
  const error = isResource(body) ? body['error'] : undefined;
  const message = isResource(error) ? error['message'] : undefined;
  return typeof message === 'string' ? message : undefined;
}

function isResource(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
