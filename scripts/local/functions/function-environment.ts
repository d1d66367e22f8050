import { join } from 'node:path';

/** The Google Cloud project id that everything in the local cloud uses. */
export const LOCAL_PROJECT = 'compute-api-local';

/** Prefixes of instance ids, by family; the log sink recognises VMs by them. */
export const LOCAL_ID_PREFIXES = { compute: 'tw', resource: 'inst' } as const;

/** Settings that may be given to `npm start` and reach the functions as they are. */
export const PASSED_ON = [
  'FAILED_SIGN_INS_PER_MINUTE',
  'FORWARDED_HOPS',
  'JWT_ISSUER',
  'JWT_AUDIENCE',
  'JWT_JWKS_URI',
  'LOG_LEVEL',
  'SWEEP_RUN_SECONDS',
  'SWEEP_SLICES_AT_ONCE',
  'SWEEP_SLICE_MACHINES',
] as const;

export interface FunctionEnvironmentOptions {
  /** `host:port` each. */
  readonly emulators: { readonly datastore: string; readonly pubsub: string; readonly compute: string };
  readonly repositoryFolder: string;
  /** The environment of `npm start`. */
  readonly given: Readonly<Record<string, string | undefined>>;
}

/**
 * Returns the whole environment of the functions, which is made only here. It does not include that of `npm start`, so
 * that no Google credentials or proxies reach the functions.
 */
export function functionEnvironment({
  emulators,
  repositoryFolder,
  given,
}: FunctionEnvironmentOptions): Record<string, string> {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = given[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    NODE_ENV: 'production',
    NODE_COMPILE_CACHE: join(repositoryFolder, 'node_modules', '.cache', 'local-cloud'),
    GOOGLE_CLOUD_PROJECT: LOCAL_PROJECT,
    DATASTORE_DATABASE: '',
    DATASTORE_EMULATOR_HOST: emulators.datastore,
    PUBSUB_EMULATOR_HOST: emulators.pubsub,
    COMPUTE_EMULATOR_HOST: emulators.compute,
    // Without this setting Google's libraries spend the first second of a call on looking for a metadata server.
    METADATA_SERVER_DETECTION: 'none',
    OPERATIONS_TOPIC: 'operations',
    DEPLOYMENT: 'local',
    INSTANCE_ID_PREFIX: LOCAL_ID_PREFIXES.compute,
    RESOURCE_ID_PREFIX: LOCAL_ID_PREFIXES.resource,
    // As behind API Gateway, which appends the caller's address and its own.
    FORWARDED_HOPS: '2',
    // Scripts that try out wrong credentials should get 401, not 429.
    FAILED_SIGN_INS_PER_MINUTE: '120',
    LOG_LEVEL: 'info',
    LOG_EXECUTION_ID: 'true',
    ...Object.fromEntries(passedOn),
  };
}
