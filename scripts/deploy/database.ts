import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { databaseOfEnvironment } from '#scripts/console/datastore-target.ts';
import type { DatastoreLists } from '#scripts/generate/infra-lists.ts';
import { said } from './check-access.ts';
import { commandLine } from './command-line.ts';
import { countedText, customersHave } from './customer-machines.ts';
import { DeployError } from './deploy-error.ts';
import { gcloud, terraform, type DeployContext } from './deploy-context.ts';

/** The database of a deployment, as Terraform's variables describe it. */
export interface Database {
  readonly id: string;
  /**
   * Whether Terraform has to import the database: it exists, but the state does not know it. It was left by a destroyed
   * deployment, restored, or created by hand.
   */
  readonly adopt: boolean;
  /** Ids of existing indexes that the state does not know, by the names that Terraform's configuration gives them. */
  readonly indexes: Readonly<Record<string, string>>;
  /** Whether the database exists already, so that its rows can be read before anything is applied. */
  readonly exists: boolean;
}

const MAIN = 'google_firestore_database.main';
/** The resources that belong to a database, which Terraform has to forget when another database replaces it. */
export const OF_THE_DATABASE = [MAIN, 'google_firestore_field.expiry', 'google_firestore_index.index'] as const;
/** Variables that these commands determine. A value for them in a file would be overridden without notice. */
const FOUND_OUT = ['adopt_database', 'adopt_indexes', 'also_databases', 'database_id'] as const;

/**
 * Returns the deployment's database and what exists of it: the database that was named, otherwise the deployed one,
 * otherwise the environment's usual one. Throws DeployError if Terraform would replace a deployed database by another,
 * or cannot use this one.
 */
export async function databaseOf(context: DeployContext): Promise<Database> {
  const { environment, databaseId: named } = context.target;
  const state = await stateOf(context);
  const id = named ?? state.database ?? databaseOfEnvironment(environment);
  if (state.database === undefined) return found(context, id);
  if (state.database !== id) throw anotherIsDeployed(context, state.database, id);
  // Terraform would create a deleted database anew, without rows.
  if ((await typeOf(context, id)) === undefined) {
    await refuseEmpty(context, id);
    return { id, adopt: false, indexes: {}, exists: false };
  }
  // An interrupted apply may have left indexes that the state does not know.
  return { id, adopt: false, indexes: await indexesOf(context, id, state.indexes), exists: true };
}

/**
 * Returns the database of a deployment that is to be destroyed. Imports nothing, since it would only be removed again.
 */
export async function databaseToLeave(context: DeployContext): Promise<Database> {
  const { environment, databaseId: named } = context.target;
  const { database } = await stateOf(context);
  const id = database ?? named ?? databaseOfEnvironment(environment);
  return { id, adopt: false, indexes: {}, exists: database !== undefined };
}

/** Throws DeployError if a variables file sets one of the variables that these commands determine. */
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

/** Returns the variables files that Terraform reads without being told. */
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

/** What Terraform's state contains about a database. */
interface State {
  readonly database: string | undefined;
  /** Addresses of resources, without instance keys. */
  readonly addresses: ReadonlySet<string>;
  /** The names of its indexes in Terraform's configuration. */
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

/**
 * Returns the error for a deployment with another database. Terraform cannot import a database while its state has
 * another one under the same address, and would replace that one.
 */
function anotherIsDeployed({ target }: DeployContext, deployed: string, id: string): DeployError {
  const { project, environment } = target;
  return new DeployError(`The deployed database is ${deployed}, and ${id} was asked for.`, [
    'Without --database-id the deployed one stays. To go over to the other, after a restore for one, let Terraform forget it first:',
    `TF_DATA_DIR="$PWD/.build/terraform/${project}-${environment}" ${commandLine(['terraform', '-chdir=infra', 'state', 'rm', ...OF_THE_DATABASE])}`,
    'and run this command again. infra/README.md, "Restore", has all the steps.',
  ]);
}

/** Returns what exists of a database that the state does not know. */
async function found(context: DeployContext, id: string): Promise<Database> {
  const { project, databaseId: named } = context.target;
  const type = await typeOf(context, id);
  if (type === undefined) {
    await refuseEmpty(context, id);
    // The operator may have expected a restored database of this name, so its absence is noted.
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

/** Returns the type of a database; `undefined` if it does not exist. */
export async function typeOf(context: DeployContext, id: string): Promise<string | undefined> {
  const target = [`--database=${id}`, `--project=${context.target.project}`];
  const answer = await gcloud(context, ['firestore', 'databases', 'describe', ...target, '--format=value(type)']);
  return answer.code === 0 ? answer.stdout.trim() : undefined;
}

/**
 * Throws DeployError if VMs or disks of volumes have the deployment's label. In an empty database none of them would have
 * a record: the sweep would treat them as orphans, and their owners could not reach them.
 */
async function refuseEmpty(context: DeployContext, id: string): Promise<void> {
  const { target, world } = context;
  const found = await customersHave(context, { computeMayBeOff: true });
  if (found.machines.length + found.disks.length === 0) return;
  if (target.emptyDatabase) {
    world.note(`!!  an empty database ${id} will be made, although the records of ${countedText(found)} are elsewhere`);
    return;
  }
  throw new DeployError(
    `There is no database ${id}, and customers have ${countedText(found)} with the label of ${target.environment}: an empty database has no record of them.`,
    [
      'Name the database that has their records: --database-id ID (gcloud firestore databases list), or bring them back: infra/README.md, "Restore".',
      'To give the records up: --empty-database',
    ],
  );
}

/** Makes Terraform forget the state's database and everything in it; changes nothing in the project. */
export async function forgetDatabase(context: DeployContext): Promise<void> {
  const { addresses } = await stateOf(context);
  const known = OF_THE_DATABASE.filter((address) => addresses.has(address));
  if (known.length === 0) return;
  const answer = await terraform(context, ['state', 'rm', '-lock-timeout=120s', ...known]);
  if (answer.code !== 0) throw new DeployError(`Terraform could not forget the database: ${said(answer)}`);
  context.world.note('ok  Terraform leaves the database and its indexes alone');
}

/** Returns the id of the database in the state. */
export async function deployedDatabase(context: DeployContext): Promise<string | undefined> {
  return (await stateOf(context)).database;
}

/**
 * Returns the declared indexes that a database has, except for those already in the state. Datastore refuses to create
 * an index that exists, and a restored database has the indexes of its origin.
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

/** Returns the names that `infra/datastore.tf` gives the indexes of `infra/generated/datastore.json`. */
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

/** Returns the name that Terraform's configuration would give this index; `undefined` for an index of another form. */
function nameOf({ name, queryScope, fields = [] }: StoredIndex): string | undefined {
  const kind = /\/collectionGroups\/([^/]+)\/indexes\//.exec(name)?.[1];
  if (kind === undefined || queryScope !== 'COLLECTION_GROUP') return undefined;
  // The service appends the key to the properties of every index.
  const properties = fields.filter(({ fieldPath }) => fieldPath !== '__name__' && fieldPath !== '__key__');
  return [
    kind,
    ...properties.map(({ fieldPath, order }) => `${fieldPath}_${order === 'DESCENDING' ? 'desc' : 'asc'}`),
  ].join('-');
}
