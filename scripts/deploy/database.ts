import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { databaseOfEnvironment } from '#scripts/console/datastore-target.ts';
import type { DatastoreLists } from '#scripts/generate/infra-lists.ts';
import { said } from './check-access.ts';
import { commandLine } from './command-line.ts';
import { customerMachines } from './customer-machines.ts';
import { DeployError } from './deploy-error.ts';
import { gcloud, terraform, type DeployContext } from './deploy-context.ts';

/** The database of a deployment, as Terraform is told about it. */
export interface Database {
  readonly id: string;
  /** It is there and not in the state: left by a deployment that was destroyed, restored, or made by hand. */
  readonly adopt: boolean;
  /** Ids of the indexes that it has and the state does not, by our names for them. */
  readonly indexes: Readonly<Record<string, string>>;
  /** Its rows can be read before anything is applied. */
  readonly exists: boolean;
}

const MAIN = 'google_firestore_database.main';
/** All that Terraform has made in the database, by what it has to forget when another database takes its place. */
export const OF_THE_DATABASE = [MAIN, 'google_firestore_field.expiry', 'google_firestore_index.index'] as const;
/** What is found out here. A file that says something else would be overridden without a word. */
const FOUND_OUT = ['adopt_database', 'adopt_indexes', 'also_databases', 'database_id'] as const;

/**
 * Which database is meant, and what there is of it: the one that was named, else the one that is deployed, else the
 * usual one. Throws DeployError when Terraform would replace a deployed database by another, or cannot use this one.
 */
export async function databaseOf(context: DeployContext): Promise<Database> {
  const { environment, databaseId: named } = context.target;
  const state = await stateOf(context);
  const id = named ?? state.database ?? databaseOfEnvironment(environment);
  if (state.database === undefined) return found(context, id);
  if (state.database !== id) throw anotherIsDeployed(context, state.database, id);
  // Terraform would make a database that was deleted anew, and empty.
  if ((await typeOf(context, id)) === undefined) {
    await refuseEmpty(context, id);
    return { id, adopt: false, indexes: {}, exists: false };
  }
  // An apply that broke off may have left indexes that the state does not know of.
  return { id, adopt: false, indexes: await indexesOf(context, id, state.indexes), exists: true };
}

/** The database of a deployment that is to be destroyed. Nothing is taken over in order to be removed. */
export async function databaseToLeave(context: DeployContext): Promise<Database> {
  const { environment, databaseId: named } = context.target;
  const { database } = await stateOf(context);
  const id = database ?? named ?? databaseOfEnvironment(environment);
  return { id, adopt: false, indexes: {}, exists: database !== undefined };
}

/** Throws DeployError when a file of variables says which database is meant. */
export async function checkVarFiles({ target, world }: DeployContext): Promise<void> {
  for (const file of [...target.varFiles, ...(await automaticVarFiles(join(world.root, 'infra')))]) {
    const text = await textOf(file);
    const name = FOUND_OUT.find((each) => new RegExp(String.raw`(?:^|[{,])\s*"?${each}"?\s*[=:]`, 'm').test(text));
    if (name === undefined) continue;
    throw new DeployError(`${file} sets ${name}, which this command finds out by itself.`, [
      'Remove it there, and name the database with --database-id ID where it is not the usual one.',
    ]);
  }
}

/** Files that Terraform reads without being told. */
async function automaticVarFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => /^terraform\.tfvars(\.json)?$|\.auto\.tfvars(\.json)?$/.test(name))
    .map((name) => join(folder, name));
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new DeployError(`The file of variables ${basename(file)} cannot be read: ${why}`);
  }
}

/** What the state knows of a database. */
interface State {
  readonly database: string | undefined;
  /** Addresses of resources, without the key of each instance. */
  readonly addresses: ReadonlySet<string>;
  /** Our names for its indexes. */
  readonly indexes: ReadonlySet<string>;
}

async function stateOf(context: DeployContext): Promise<State> {
  const answer = await terraform(context, ['show', '-json']);
  if (answer.code !== 0) throw new DeployError(`Terraform's state cannot be read: ${said(answer)}`);
  const { values } = JSON.parse(answer.stdout) as { readonly values?: { readonly root_module?: Module } };
  const resources = values?.root_module?.resources ?? [];
  return {
    database: resources.find(({ address }) => address === MAIN)?.values.name,
    addresses: new Set(resources.map(({ address }) => address.replace(/\[.*$/s, ''))),
    indexes: new Set(
      resources.flatMap(({ type, index }) => (type === 'google_firestore_index' ? [String(index)] : [])),
    ),
  };
}

/** A module, as `terraform show -json` describes it. */
interface Module {
  readonly resources?: readonly {
    readonly address: string;
    readonly type: string;
    readonly index?: string | number;
    readonly values: { readonly name?: string };
  }[];
}

/** Terraform does not import what its state has under that address already: it would replace the one by the other. */
function anotherIsDeployed({ target }: DeployContext, deployed: string, id: string): DeployError {
  const { project, environment } = target;
  return new DeployError(`The deployed database is ${deployed}, and ${id} was asked for.`, [
    'Without --database-id the deployed one stays. To go over to the other, after a restore for one, let Terraform forget it first:',
    `TF_DATA_DIR="$PWD/.build/terraform/${project}-${environment}" ${commandLine(['terraform', '-chdir=infra', 'state', 'rm', ...OF_THE_DATABASE])}`,
    'and run this command again. infra/README.md, "Restore", has all the steps.',
  ]);
}

/** What there is of a database that the state does not know. */
async function found(context: DeployContext, id: string): Promise<Database> {
  const { project, databaseId: named } = context.target;
  const type = await typeOf(context, id);
  if (type === undefined) {
    await refuseEmpty(context, id);
    // A restored database of this name was expected to be there, perhaps.
    if (named !== undefined) context.world.note(`--  there is no database ${id}: an empty one will be made`);
    return { id, adopt: false, indexes: {}, exists: false };
  }
  if (type !== 'DATASTORE_MODE') {
    throw new DeployError(`The database ${id} of ${project} is ${type}, and Datastore mode is needed.`, [
      `Use another database of the project: --database-id compute-api-${context.target.environment}`,
    ]);
  }
  const indexes = await indexesOf(context, id, new Set());
  const count = Object.keys(indexes).length;
  context.world.note(`ok  the database ${id} exists already and is taken over, with ${count} of its indexes`);
  return { id, adopt: true, indexes, exists: true };
}

/** Type of a database; `undefined` when there is none. */
export async function typeOf(context: DeployContext, id: string): Promise<string | undefined> {
  const target = [`--database=${id}`, `--project=${context.target.project}`];
  const answer = await gcloud(context, ['firestore', 'databases', 'describe', ...target, '--format=value(type)']);
  return answer.code === 0 ? answer.stdout.trim() : undefined;
}

/**
 * Throws DeployError when machines carry the deployment's label: with an empty database none of them would have a record.
 * The sweep would take them for orphans, and their owners could not reach them.
 */
async function refuseEmpty(context: DeployContext, id: string): Promise<void> {
  const { target, world } = context;
  const machines = await customerMachines(context, { computeMayBeOff: true });
  if (machines.length === 0) return;
  if (target.emptyDatabase) {
    world.note(
      `!!  an empty database ${id} will be made, although ${machines.length} machines have their records elsewhere`,
    );
    return;
  }
  throw new DeployError(
    `There is no database ${id}, and ${machines.length} machines carry the label of ${target.environment}: an empty database has no record of them.`,
    [
      'Name the database that has their records: --database-id ID (gcloud firestore databases list), or bring them back: infra/README.md, "Restore".',
      'To give the records up: --empty-database',
    ],
  );
}

/** Makes Terraform forget the database of the state and what it has there; nothing is changed in the project. */
export async function forgetDatabase(context: DeployContext): Promise<void> {
  const { addresses } = await stateOf(context);
  const known = OF_THE_DATABASE.filter((address) => addresses.has(address));
  if (known.length === 0) return;
  const answer = await terraform(context, ['state', 'rm', '-lock-timeout=120s', ...known]);
  if (answer.code !== 0) throw new DeployError(`Terraform could not forget the database: ${said(answer)}`);
  context.world.note('ok  Terraform leaves the database and its indexes alone');
}

/** Id of the database in the state. */
export async function deployedDatabase(context: DeployContext): Promise<string | undefined> {
  return (await stateOf(context)).database;
}

/**
 * The indexes of ours that a database has, apart from those that are known. Datastore refuses to make one that is there,
 * and a restored database has those of its origin.
 */
async function indexesOf(
  context: DeployContext,
  id: string,
  known: ReadonlySet<string>,
): Promise<Readonly<Record<string, string>>> {
  const ours = await ourIndexes(context);
  if ([...ours].every((name) => known.has(name))) return {};
  const target = [`--database=${id}`, `--project=${context.target.project}`];
  const list = ['firestore', 'indexes', 'composite', 'list', ...target, '--format=json'];
  const answer = await gcloud(context, list);
  if (answer.code !== 0) {
    throw new DeployError(`The indexes of the database cannot be listed: ${said(answer)}`, [
      commandLine(['gcloud', ...list]),
    ]);
  }
  const there = (JSON.parse(answer.stdout) as readonly StoredIndex[]).flatMap((index) => {
    const name = nameOf(index);
    return name !== undefined && ours.has(name) && !known.has(name) ? [[name, index.name] as const] : [];
  });
  return Object.fromEntries<string>(there);
}

/** The names that `infra/datastore.tf` gives the indexes of `infra/generated/datastore.json`. */
async function ourIndexes({ world }: DeployContext): Promise<ReadonlySet<string>> {
  const text = await readFile(join(world.root, 'infra', 'generated', 'datastore.json'), 'utf8');
  const { indexes } = JSON.parse(text) as DatastoreLists;
  return new Set(
    indexes.map(({ kind, properties }) =>
      [kind, ...properties.map(({ name, direction }) => `${name}_${direction}`)].join('-'),
    ),
  );
}

/** An index, as Firestore's Admin API lists it. */
interface StoredIndex {
  /** `projects/P/databases/D/collectionGroups/KIND/indexes/ID`. */
  readonly name: string;
  readonly queryScope?: string;
  readonly fields?: readonly { readonly fieldPath: string; readonly order?: string }[];
}

/** The name of such an index, were it ours; `undefined` for one that serves other queries than ours. */
function nameOf({ name, queryScope, fields = [] }: StoredIndex): string | undefined {
  const kind = /\/collectionGroups\/([^/]+)\/indexes\//.exec(name)?.[1];
  if (kind === undefined || queryScope !== 'COLLECTION_GROUP') return undefined;
  // The service adds the key as the last property to every index.
  const properties = fields.filter(({ fieldPath }) => fieldPath !== '__name__' && fieldPath !== '__key__');
  return [
    kind,
    ...properties.map(({ fieldPath, order }) => `${fieldPath}_${order === 'DESCENDING' ? 'desc' : 'asc'}`),
  ].join('-');
}
