import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { Failure } from '#shared/domain/failure.ts';

/** The options with which every command chooses its Datastore. */
export interface TargetOptions {
  readonly project?: string;
  readonly database?: string;
  /** Name of the deployment's environment; each environment has a database of its own. */
  readonly env?: string;
  readonly local?: boolean;
  readonly stateDir?: string;
}

export interface Target {
  readonly project: string;
  /** `""` is the default database. */
  readonly database: string;
  /** `host:port`; `undefined` for Google Cloud. */
  readonly emulatorHost: string | undefined;
  /**
   * `host:port` of the Compute Engine emulator that belongs to this Datastore; `undefined` for Google Cloud, or if none
   * is known.
   */
  readonly computeHost: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the chosen Datastore: the local cloud's with `--local`, an emulator with DATASTORE_EMULATOR_HOST, otherwise a
 * project's.
 *
 * Throws `invalid_request` with the reason `no_target` if none is named.
 */
export function datastoreTarget(options: TargetOptions, environment: Environment): Target {
  const database = databaseOf(options, environment);
  const named = options.project ?? nonEmpty(environment['GOOGLE_CLOUD_PROJECT']);
  if (options.local === true) {
    const stateDir = options.stateDir ?? nonEmpty(environment['LOCAL_STATE_DIR']) ?? '.local';
    const { datastore, compute } = localEmulators(path.join(stateDir, 'connection.json'));
    return { project: options.project ?? LOCAL_PROJECT, database, emulatorHost: datastore, computeHost: compute };
  }
  const emulatorHost = nonEmpty(environment['DATASTORE_EMULATOR_HOST']);
  const project = named ?? (emulatorHost === undefined ? undefined : LOCAL_PROJECT);
  if (project === undefined) {
    throw new Failure(
      'invalid_request',
      'Which project? Give --project ID (or set GOOGLE_CLOUD_PROJECT), or --local for the local cloud.',
      { reason: 'no_target' },
    );
  }
  const computeHost = emulatorHost === undefined ? undefined : nonEmpty(environment['COMPUTE_EMULATOR_HOST']);
  return { project, database, emulatorHost, computeHost };
}

/** The API's name of the default database is empty; people and Terraform write `(default)`. */
const DEFAULT = '(default)';

/** Returns the usual id of an environment's database, as chosen by `infra/main.tf`. */
export function databaseOfEnvironment(environment: string): string {
  return environment === 'production' ? DEFAULT : `compute-api-${environment}`;
}

function databaseOf({ database, env, local }: TargetOptions, environment: Environment): string {
  if (env !== undefined && local === true) {
    throw new Failure('invalid_request', 'Give --env NAME or --local, not both: the local cloud is one environment.', {
      reason: 'no_target',
    });
  }
  if (database !== undefined && env !== undefined) {
    throw new Failure('invalid_request', 'Give --env NAME or --database ID, not both: each says which database.', {
      reason: 'no_target',
    });
  }
  const named = env === undefined ? database : databaseOfEnvironment(env);
  const id = named ?? environment['DATASTORE_DATABASE'] ?? '';
  return id === DEFAULT ? '' : id;
}

/** Returns a description of the target for messages. */
export function targetText(target: Target): string {
  const place = target.emulatorHost === undefined ? 'Datastore' : `the Datastore emulator at ${target.emulatorHost}`;
  const database = target.database === '' ? '' : `, database ${target.database}`;
  return `${place}, project ${target.project}${database}`;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** Returns the addresses of the local cloud's emulators from its connection file. */
function localEmulators(file: string): { readonly datastore: string; readonly compute: string | undefined } {
  let connection: unknown;
  try {
    connection = JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    throw new Failure(
      'not_found',
      `There is no local cloud: ${file} cannot be read. Start it with \`npm start\`, or say where its state is with --state-dir.`,
      { reason: 'no_local_cloud', cause: thrown },
    );
  }
  const emulators = memberOf(connection, 'emulators');
  const datastore = memberOf(emulators, 'datastore');
  if (typeof datastore !== 'string' || datastore === '') {
    throw new Failure('not_found', `${file} does not say where the Datastore emulator is.`, {
      reason: 'no_local_cloud',
    });
  }
  const compute = memberOf(emulators, 'compute');
  return { datastore, compute: typeof compute === 'string' ? compute : undefined };
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
