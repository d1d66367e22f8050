import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatastoreLists } from '#scripts/generate/infra-lists.ts';
import { said } from './check-access.ts';
import { commandLine } from './command-line.ts';
import { DeployError } from './deploy-error.ts';
import { gcloud, type DeployContext } from './deploy-context.ts';

/** A field with a TTL policy, as Firestore's Admin API lists it. */
interface TtlField {
  /** `projects/P/databases/D/collectionGroups/KIND/fields/PROPERTY`. */
  readonly name: string;
  readonly ttlConfig?: { readonly state?: string };
}

/**
 * Adds a TTL policy to each expiring kind that has none. Uses gcloud, because the Terraform provider was refused in
 * Datastore mode (terraform-provider-google#15781). Does not wait, because a policy takes long to become active where
 * there are many rows.
 */
export async function makeTtlPolicies(context: DeployContext, database: string): Promise<void> {
  const { expiringKinds, expiryProperty } = await lists(context);
  const there = await kindsWithPolicy(context, { database, expiryProperty });
  const missing = expiringKinds.filter((kind) => !there.has(kind));
  for (const kind of missing) {
    const args = [
      'firestore',
      'fields',
      'ttls',
      'update',
      expiryProperty,
      `--collection-group=${kind}`,
      '--enable-ttl',
      ...target(context, database),
      '--async',
    ];
    const answer = await gcloud(context, args);
    if (answer.code !== 0) {
      throw new DeployError(`The TTL policy of ${kind} could not be made: ${said(answer)}`, [
        commandLine(['gcloud', ...args]),
        'Run the same command again: it makes those that are missing.',
      ]);
    }
  }
  context.world.note(
    missing.length === 0
      ? `ok  ${expiringKinds.length} TTL policies`
      : `ok  TTL policies made for ${missing.join(', ')}`,
  );
}

/**
 * Returns the expiring kinds that have no TTL policy, whose rows would therefore never be removed. Throws DeployError
 * if the policies cannot be read.
 */
export async function kindsWithoutPolicy(context: DeployContext, database: string): Promise<readonly string[]> {
  const { expiringKinds, expiryProperty } = await lists(context);
  const there = await kindsWithPolicy(context, { database, expiryProperty });
  return expiringKinds.filter((kind) => !there.has(kind));
}

async function kindsWithPolicy(
  context: DeployContext,
  { database, expiryProperty }: { readonly database: string; readonly expiryProperty: string },
): Promise<ReadonlySet<string>> {
  const list = ['firestore', 'fields', 'ttls', 'list', ...target(context, database), '--format=json'];
  const answer = await gcloud(context, list);
  if (answer.code !== 0) {
    throw new DeployError(`The TTL policies of the database cannot be listed: ${said(answer)}`, [
      commandLine(['gcloud', ...list]),
    ]);
  }
  const fields = JSON.parse(answer.stdout.trim() === '' ? '[]' : answer.stdout) as readonly TtlField[];
  return new Set(
    fields.flatMap(({ name, ttlConfig }) => {
      const match = /\/collectionGroups\/([^/]+)\/fields\/([^/]+)$/.exec(name);
      return match?.[1] !== undefined && match[2] === expiryProperty && ttlConfig?.state !== 'NEEDS_REPAIR'
        ? [match[1]]
        : [];
    }),
  );
}

function target({ target: { project } }: DeployContext, database: string): readonly string[] {
  return [`--database=${database}`, `--project=${project}`];
}

async function lists({ world }: DeployContext): Promise<DatastoreLists> {
  return JSON.parse(await readFile(join(world.root, 'infra', 'generated', 'datastore.json'), 'utf8')) as DatastoreLists;
}
