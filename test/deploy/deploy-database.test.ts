import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planCommand } from '#scripts/deploy/commands.ts';
import { destroyCommand } from '#scripts/deploy/destroy.ts';
import { aDeployment, stateWith } from './a-deployment.ts';
import { EMPTY, NO_CATALOGUE, refusal, steps, TOLD_NOTHING } from './deploy-steps.ts';

describe('the database', () => {
  const THERE = { to: /^gcloud firestore databases describe/, stdout: 'DATASTORE_MODE\n' };
  const NATIVE = { to: /^gcloud firestore databases describe/, stdout: 'FIRESTORE_NATIVE\n' };
  const NO_INDEXES = { to: /^gcloud firestore indexes/, stdout: '[]' };
  const [NO_STATE] = EMPTY.slice(0, 1);
  if (NO_STATE === undefined) throw new Error('A state is missing.');

  /** Returns the variables of the last command line, Terraform's plan, from `database_id` on. */
  async function told(lines: () => Promise<readonly string[]>): Promise<string> {
    return (await lines()).at(-1)?.replace(/^.*(?=-var=database_id)/, '') ?? '';
  }

  it.each([
    ['is the usual one, and made, in an empty project', EMPTY, undefined, { id: '(default)', adopt: false }],
    [
      'that an earlier deployment left is taken over',
      [NO_STATE, THERE, NO_INDEXES],
      undefined,
      { id: '(default)', adopt: true },
    ],
    ['with an id of its own is made when there is none', EMPTY, 'own', { id: 'own', adopt: false }],
    [
      'with an id of its own is taken over when it exists',
      [NO_STATE, THERE, NO_INDEXES],
      'own',
      { id: 'own', adopt: true },
    ],
    ['that is deployed stays', [stateWith('restored'), THERE], undefined, { id: 'restored', adopt: false }],
    ['that is deployed may be named', [stateWith('restored'), THERE], 'restored', { id: 'restored', adopt: false }],
  ])('%s', async (_, answers, databaseId, { id, adopt }) => {
    const { context, lines } = await aDeployment({ answers, target: { databaseId } });

    await planCommand(context, NO_CATALOGUE);

    expect(await told(lines)).toBe(`-var=database_id=${id} -var=adopt_database=${String(adopt)} -var=adopt_indexes={}`);
    const described = (await lines()).find((line) => line.includes('databases describe'));
    expect(described ?? `--database=${id}`).toContain(`--database=${id}`);
  });

  const at = 'projects/my-project/databases/own/collectionGroups';
  const properties = [
    { fieldPath: 'userId', order: 'ASCENDING' },
    { fieldPath: 'createdAtMs', order: 'DESCENDING' },
    { fieldPath: '__name__', order: 'DESCENDING' },
  ];
  const stored = [
    { name: `${at}/Instance/indexes/CI1`, queryScope: 'COLLECTION_GROUP', fields: properties },
    { name: `${at}/Instance/indexes/CI2`, queryScope: 'COLLECTION_RECURSIVE', fields: properties },
    { name: `${at}/Other/indexes/CI3`, queryScope: 'COLLECTION_GROUP', fields: properties },
    {
      name: `${at}/InstanceEvent/indexes/CI4`,
      queryScope: 'COLLECTION_GROUP',
      fields: [{ fieldPath: 'instanceId', order: 'ASCENDING' }],
    },
  ];
  const INDEXES = { to: /^gcloud firestore indexes/, stdout: JSON.stringify(stored) };
  const [first, second] = ['Instance-userId_asc-createdAtMs_desc', 'InstanceEvent-instanceId_asc'];

  it.each([
    [
      'is taken over keeps the indexes of ours that it has',
      NO_STATE,
      { [first]: `${at}/Instance/indexes/CI1`, [second]: `${at}/InstanceEvent/indexes/CI4` },
    ],
    [
      'is deployed keeps an index that an apply which broke off has left behind',
      stateWith('own', [first]),
      { [second]: `${at}/InstanceEvent/indexes/CI4` },
    ],
  ])('that %s', async (_, state, indexes) => {
    const { context, lines } = await aDeployment({ answers: [state, THERE, INDEXES], target: { databaseId: 'own' } });

    await planCommand(context, NO_CATALOGUE);

    expect(JSON.parse(/-var=adopt_indexes=(.*)$/.exec(await told(lines))?.[1] ?? '')).toEqual(indexes);
  });

  it('that is deployed is never replaced by another: the way is shown instead, and nothing is planned', async () => {
    const { context, lines } = await aDeployment({ answers: [THERE], target: { databaseId: 'restored' } });

    const said = await refusal(planCommand(context, NO_CATALOGUE));

    expect(said).toMatch(/deployed database is \(default\), and restored was asked for/);
    const forget = said.split('\n').find((line) => line.includes('state rm')) ?? '';
    expect(forget).toBe(
      'TF_DATA_DIR="$PWD/.build/terraform/my-project-production" terraform -chdir=infra state rm google_firestore_database.main google_firestore_field.expiry google_firestore_index.index',
    );
    expect(steps(await lines())).not.toContain('plan');
  });

  it('in native mode is refused, and another id is proposed', async () => {
    const { context } = await aDeployment({ answers: [NO_STATE, NATIVE] });

    expect(await refusal(planCommand(context, NO_CATALOGUE))).toMatch(
      /\(default\) of my-project is FIRESTORE_NATIVE[^]*--database-id compute-api-production/,
    );
  });

  it.each([
    ['the state', { to: / show -json/, code: 1, stderr: 'no access' }, /state cannot be read: no access/],
    ['its indexes', { to: /^gcloud firestore indexes/, code: 1, stderr: 'denied' }, /cannot be listed: denied/],
  ])('is not guessed at when %s cannot be read', async (_, answer, message) => {
    const { context, lines } = await aDeployment({ answers: [answer, NO_STATE, THERE] });

    expect(await refusal(planCommand(context, NO_CATALOGUE))).toMatch(message);
    expect(steps(await lines())).not.toContain('plan');
  });

  it.each([
    ['production.tfvars', 'gateway_region = "europe-west2"\n  database_id = "own"\n', 'database_id'],
    ['production.tfvars.json', '{"log_level": "debug", "adopt_database": true}', 'adopt_database'],
    ['infra/more.auto.tfvars', 'adopt_indexes={}', 'adopt_indexes'],
  ])('is not named in a file of variables (%s), where it would be overridden', async (name, text, variable) => {
    const { context, root, lines } = await aDeployment();
    const file = join(root, name);
    await writeFile(file, text);
    const varFiles = name.startsWith('infra/') ? [] : [file];

    const said = await refusal(planCommand({ ...context, target: { ...context.target, varFiles } }, NO_CATALOGUE));

    expect(said).toContain(`${file} sets ${variable}`);
    expect(said).toContain('--database-id');
    expect(await lines()).toEqual([]);
  });

  it('may be mentioned in a comment of a file of variables', async () => {
    const { context, root, lines } = await aDeployment();
    const file = join(root, 'production.tfvars');
    await writeFile(file, '# database_id = "own" is an option of the command\nlog_level = "debug"\n');

    await planCommand({ ...context, target: { ...context.target, varFiles: [file] } }, NO_CATALOGUE);

    expect(steps(await lines())).toContain('plan');
  });

  it('is neither taken over nor looked for by destroy', async () => {
    const { context, lines } = await aDeployment({ answers: [NO_STATE, THERE] });

    await destroyCommand(context, TOLD_NOTHING);

    expect(await told(lines)).toBe('-var=database_id=(default) -var=adopt_database=false -var=adopt_indexes={}');
    expect(steps(await lines())).not.toContain('database');
  });
});
