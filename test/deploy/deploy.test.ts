import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyCommand, catalogueCommand, destroyCommand, planCommand } from '#scripts/deploy/commands.ts';
import { DeployError } from '#scripts/deploy/deploy-error.ts';
import { aDeployment, cataloguePlan, stateWith, wellResponse } from './a-deployment.ts';

/** The steps of a deployment, in the words of the command lines that do them. */
const STEPS: readonly (readonly [RegExp, string])[] = [
  [/^terraform .*version/, 'terraform version'],
  [/^gcloud auth list/, 'account'],
  [/^gcloud auth application-default/, 'credentials'],
  [/^gcloud projects describe/, 'project'],
  [/^gcloud billing/, 'billing'],
  [/^gcloud services list/, 'APIs'],
  [/^gcloud services enable/, 'enable APIs'],
  [/^gcloud storage buckets describe/, 'state bucket'],
  [/^gcloud storage buckets create/, 'make state bucket'],
  [/^gcloud storage buckets update/, 'keep versions'],
  [/^gcloud compute instances list/, 'machines'],
  [/^gcloud compute instances delete/, 'delete machine'],
  [/^node scripts\/generate.ts/, 'generate'],
  [/^node scripts\/build.ts/, 'build'],
  [/^terraform .* init /, 'init'],
  [/^terraform .* show /, 'state'],
  [/^gcloud firestore databases/, 'database'],
  [/^gcloud firestore indexes/, 'indexes'],
  [/^terraform .* plan /, 'plan'],
  [/^terraform .* apply /, 'apply'],
  [/^terraform .* destroy /, 'destroy'],
  [/^terraform .* output/, 'outputs'],
  [/^node scripts\/catalog.ts plan/, 'catalogue plan'],
  [/^node scripts\/catalog.ts apply/, 'catalogue'],
  [/^node scripts\/accounts.ts customers create/, 'customer'],
  [/^node scripts\/accounts.ts users create/, 'user'],
  [/^node scripts\/accounts.ts keys create/, 'key'],
  [/^node scripts\/accounts.ts users delete/, 'remove user'],
];
const CHECKS = ['terraform version', 'account', 'credentials', 'project', 'billing', 'APIs', 'state bucket'];
const PREPARATION = ['generate', 'build', 'init', 'state'];

/** What a project says in which nothing is deployed. */
const EMPTY = [
  { to: / show -json/, stdout: '{"format_version": "1.0"}' },
  { to: /^gcloud firestore databases describe/, code: 1, stderr: 'NOT_FOUND' },
];
const NO_OUTPUTS = { to: / output -json/, stdout: '{}' };
const NO_CATALOGUE = { catalogue: undefined };

function steps(lines: readonly string[]): readonly string[] {
  return lines.map((line) => STEPS.find(([pattern]) => pattern.test(line))?.[1] ?? line);
}

/** What a command that is refused says, hints and all. */
async function refusal(command: Promise<unknown>): Promise<string> {
  const thrown: unknown = await command.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof DeployError)) throw new Error('It was not refused.', { cause: thrown });
  return [thrown.message, ...thrown.hint].join('\n');
}

describe('plan', () => {
  it('checks everything before it builds, and changes nothing', async () => {
    const { context, lines, catalogue } = await aDeployment();

    await planCommand(context, { catalogue });

    expect(steps(await lines())).toEqual([...CHECKS, ...PREPARATION, 'plan', 'outputs', 'catalogue plan']);
  });

  it('gives Terraform the bucket, the artefacts and the target', async () => {
    const { context, lines, root, programs } = await aDeployment({
      answers: [stateWith('compute-api-staging')],
      target: { environment: 'staging' },
    });
    const file = join(root, 'staging.tfvars');
    await writeFile(file, 'gateway_region = "europe-west2"\n');

    await planCommand({ ...context, target: { ...context.target, varFiles: [file] } }, NO_CATALOGUE);

    const all = await lines();
    expect(all.find((line) => line.includes(' init '))).toBe(
      'terraform -chdir=infra init -input=false -reconfigure -backend-config=bucket=my-project-compute-api-state -backend-config=prefix=compute-api/staging',
    );
    const plan = all.find((line) => line.includes(' plan '));
    for (const argument of [
      `-var-file=${join(root, '.build/artefacts.json')}`,
      `-var-file=${file}`,
      '-var=project=my-project',
      '-var=region=europe-west1',
      '-var=environment=staging',
      '-var=database_id=compute-api-staging',
      '-var=adopt_database=false',
    ]) {
      expect(plan).toContain(` ${argument}`);
    }
    const [call] = (await programs.calls()).filter(({ line }) => line.includes(' plan '));
    expect(call?.environment).toMatchObject({
      TF_DATA_DIR: join(root, '.build/terraform/my-project-staging'),
      GOOGLE_CLOUD_PROJECT: 'my-project',
    });
  });

  it('lists every built function with its zip for Terraform', async () => {
    const { context, root } = await aDeployment();

    await planCommand(context, NO_CATALOGUE);

    const manifest = JSON.parse(await readFile(join(root, '.build/artefacts.json'), 'utf8')) as {
      artefacts: Record<string, { path: string; sha256: string }>;
    };
    const { path = '', sha256 = '' } = manifest.artefacts['compute-one'] ?? {};
    expect(path).toBe(`.build/artefacts/compute-one-${sha256.slice(0, 16)}.zip`);
    expect((await readFile(join(root, path))).subarray(0, 2).toString()).toBe('PK');
  });
});

describe('what is missing is named, with what to do about it, before anything is built', () => {
  it.each([
    ['terraform', /Terraform is not installed[^]*terraform\/install/],
    ['gcloud', /gcloud\) is not installed[^]*sdk\/docs\/install/],
  ])('%s', async (program, message) => {
    const { context, programs, lines } = await aDeployment();
    await programs.uninstall(program);

    const said = await refusal(applyCommand(context, { yes: true, catalogue: undefined }));

    expect(said).toMatch(message);
    expect(steps(await lines())).not.toContain('build');
  });

  it.each([
    [
      'a Terraform that is too old',
      { to: /version -json/, stdout: '{"terraform_version": "1.9.0"}' },
      /1\.9 is too old: 1\.11/,
    ],
    ['an account', { to: /auth list/, stdout: '' }, /no active account[^]*gcloud auth login/],
    [
      'credentials',
      { to: /application-default/, code: 1 },
      /Application Default Credentials[^]*application-default login/,
    ],
    [
      'the project',
      { to: /projects describe/, code: 1, stderr: 'denied' },
      /my-project does not exist, or[^]*denied[^]*projects create/,
    ],
    ['a project that is being deleted', { to: /projects describe/, stdout: 'DELETE_REQUESTED' }, /DELETE_REQUESTED/],
    ['billing', { to: /billing/, stdout: 'False' }, /no billing account[^]*billing projects link my-project/],
    [
      'the list of APIs',
      { to: /services list/, code: 1, stderr: 'PERMISSION_DENIED' },
      /cannot be listed: PERMISSION_DENIED/,
    ],
    [
      'a state bucket of somebody else',
      { to: /buckets describe/, code: 1, stderr: '403 forbidden' },
      /cannot be used: 403 forbidden[^]*--state-bucket/,
    ],
  ])('%s', async (_, answer, message) => {
    const { context, lines } = await aDeployment({ answers: [answer] });

    const said = await refusal(applyCommand(context, { yes: true, catalogue: undefined }));

    expect(said).toMatch(message);
    expect(steps(await lines())).not.toContain('build');
  });

  it.each([
    [
      'APIs',
      { to: /services list/, stdout: 'iam.googleapis.com' },
      /are off: cloudresourcemanager[^]*gcloud services enable/,
    ],
    [
      'a state bucket',
      { to: /buckets describe/, code: 1, stderr: 'not found: 404' },
      /no bucket gs:[^]*gcloud storage buckets create/,
    ],
  ])('%s, for plan', async (_, answer, message) => {
    const { context } = await aDeployment({ answers: [answer] });

    expect(await refusal(planCommand(context, NO_CATALOGUE))).toMatch(message);
  });

  it('billing that this account may not look at is no reason to stop', async () => {
    const { context, notes } = await aDeployment({
      answers: [{ to: /billing/, code: 1, stderr: 'PERMISSION_DENIED' }],
    });

    await planCommand(context, NO_CATALOGUE);

    expect(notes.join('\n')).toContain('billing: not known');
  });
});

describe('apply', () => {
  it('checks, builds, plans, applies, writes the catalogue, tests the API and answers its address', async () => {
    const { context, lines, catalogue } = await aDeployment();

    const address = await applyCommand(context, { yes: true, catalogue });

    expect(address).toBe('https://gateway.example');
    expect(steps(await lines())).toEqual([
      ...CHECKS,
      ...PREPARATION,
      'plan',
      'outputs',
      'catalogue plan',
      'apply',
      'outputs',
      'catalogue plan',
      'catalogue',
      'customer',
      'user',
      'key',
      'remove user',
    ]);
  });

  it('makes what an empty project lacks: APIs and a state bucket that keeps versions', async () => {
    const { context, lines } = await aDeployment({
      answers: [
        { to: /services list/, stdout: 'iam.googleapis.com' },
        { to: /buckets describe/, code: 1, stderr: 'not found: 404' },
      ],
    });

    await applyCommand(context, { yes: true, catalogue: undefined });

    const all = await lines();
    expect(steps(all).slice(5, 10)).toEqual([
      'APIs',
      'enable APIs',
      'state bucket',
      'make state bucket',
      'keep versions',
    ]);
    expect(all.find((line) => line.includes('services enable'))).not.toContain(' iam.googleapis.com');
    expect(all.find((line) => line.includes('buckets create'))).toContain('--public-access-prevention');
  });

  it('applies exactly the plan that was shown', async () => {
    const { context, lines } = await aDeployment({ says: 'yes' });

    await applyCommand(context, { yes: false, catalogue: undefined });

    const all = await lines();
    const file = /-out=(\S+)/.exec(all.find((line) => line.includes(' plan ')) ?? '')?.[1] ?? 'none';
    expect(all.find((line) => line.includes(' apply '))?.endsWith(` ${file}`)).toBe(true);
  });

  it.each([
    ['no', /Nothing was changed/],
    [undefined, /Nobody is there[^]*--yes/],
  ])('changes nothing when the answer is %s', async (says, message) => {
    const { context, lines, questions } = await aDeployment(says === undefined ? {} : { says });

    const said = await refusal(applyCommand(context, { yes: false, catalogue: undefined }));

    expect(said).toMatch(message);
    expect(questions).toEqual(['Apply this to my-project (production)? yes or no: ']);
    expect(steps(await lines())).not.toContain('apply');
  });

  it('a second time, without changes, applies nothing and still tests the API', async () => {
    const { context, lines, catalogue } = await aDeployment({ answers: [{ to: / plan -input/, code: 0 }] });

    await applyCommand(context, { yes: false, catalogue });

    expect(steps(await lines())).not.toContain('apply');
    expect(steps(await lines()).slice(-2)).toEqual(['key', 'remove user']);
  });

  it('goes no further when Terraform stops half-way, and says how to go on', async () => {
    const { context, lines, catalogue } = await aDeployment({ answers: [{ to: / apply -input/, code: 1 }] });

    const said = await refusal(applyCommand(context, { yes: true, catalogue }));

    expect(said).toMatch(/Run the same command again/);
    expect(steps(await lines()).at(-1)).toBe('apply');
  });

  it('says whose quota the programs that it starts use, since credentials of a person belong to no project', async () => {
    const { context, programs } = await aDeployment({ environment: { GOOGLE_CLOUD_QUOTA_PROJECT: 'another-project' } });

    await applyCommand(context, { yes: true, ...NO_CATALOGUE });

    const projects = (await programs.calls()).map(({ environment }) => environment['GOOGLE_CLOUD_QUOTA_PROJECT']);
    expect(new Set(projects)).toEqual(new Set(['my-project']));
  });
});

describe('the catalogue', () => {
  const UNCHANGED = { to: / plan -input/, code: 0 };
  const BY_HAND = cataloguePlan({
    what: 'tier pro',
    change: 'change',
    members: [{ member: 'maxInstances', from: 5, to: 3 }],
  });

  it('is filled in from what was made, and written to the deployed database', async () => {
    const { context, programs, catalogue } = await aDeployment({
      environment: { DATASTORE_EMULATOR_HOST: '127.0.0.1:1' },
    });

    await applyCommand(context, { yes: true, catalogue });

    const [planned, , applied] = (await programs.calls()).filter(({ line }) => line.includes('catalog.ts'));
    expect(planned?.line).toBe('node scripts/catalog.ts plan - --json --project=my-project --database=(default)');
    expect(applied?.line).toBe('node scripts/catalog.ts apply - --project=my-project --database=(default)');
    for (const call of [planned, applied]) {
      expect(JSON.parse(call?.input ?? '')).toMatchObject({ configs: { a: { zone: 'europe-west1-b' } } });
      expect(call?.environment).not.toHaveProperty('DATASTORE_EMULATOR_HOST');
    }
  });

  it('is shown by plan: what apply would write, and what it would put back', async () => {
    const { context, lines, notes, catalogue } = await aDeployment({ answers: [UNCHANGED, BY_HAND] });

    await planCommand(context, { catalogue });

    expect(notes.join('\n')).toContain('~ tier pro\n    maxInstances: 5 → 3\n\n0 to add, 1 to change, 0 to remove.');
    expect(notes.at(-1)).toBe('Nothing was changed. `apply` does the above.');
    expect(steps(await lines())).not.toContain('catalogue');
  });

  it('is what plan calls as it should be when neither it nor the infrastructure would change', async () => {
    const { context, notes, catalogue } = await aDeployment({ answers: [UNCHANGED, cataloguePlan()] });

    await planCommand(context, { catalogue });

    expect(notes.at(-1)).toBe('Everything is as it should be.');
  });

  it.each([
    ['nothing is deployed yet', { answers: [...EMPTY, NO_OUTPUTS] }],
    ['a first deployment broke off', { answers: [NO_OUTPUTS] }],
    [
      'the deployment goes over to another database',
      {
        answers: [
          ...EMPTY.slice(0, 1),
          { to: /^gcloud firestore databases describe/, stdout: 'DATASTORE_MODE\n' },
          { to: /^gcloud firestore indexes/, stdout: '[]' },
        ],
        target: { databaseId: 'restored' },
      },
    ],
  ])('is not looked for by plan when %s', async (_, options) => {
    const { context, lines, notes, catalogue } = await aDeployment(options);

    await planCommand(context, { catalogue });

    expect(notes.join('\n')).toContain('is shown when the infrastructure is there');
    expect(steps(await lines())).not.toContain('catalogue plan');
  });

  it('that changes entries is asked about, though the infrastructure is as it should be', async () => {
    const { context, lines, notes, questions, catalogue } = await aDeployment({
      answers: [UNCHANGED, BY_HAND],
      says: 'no',
    });

    const said = await refusal(applyCommand(context, { yes: false, catalogue }));

    expect(said).toBe('Nothing was changed.');
    expect(questions).toEqual(['Apply this to my-project (production)? yes or no: ']);
    expect(notes.join('\n')).toContain('~ tier pro');
    expect(steps(await lines())).not.toContain('catalogue');
  });

  it('that changes entries is applied after one yes, and tells what was applied', async () => {
    const { context, notes, questions, catalogue } = await aDeployment({ answers: [BY_HAND], says: 'yes' });

    await applyCommand(context, { yes: false, catalogue });

    expect(questions).toHaveLength(1);
    expect(notes.join('\n')).toContain(
      '+ tier free\n\n1 to add, 0 to change, 0 to remove.\nDone.\nok  catalogue applied',
    );
  });

  it('that changes entries which could not be shown before is asked about once the infrastructure is there', async () => {
    const { context, lines, notes, questions, catalogue } = await aDeployment({
      answers: [...EMPTY, BY_HAND],
    });
    const ask = async (question: string) => {
      questions.push(question);
      return questions.length === 1 ? 'yes' : 'no';
    };

    const said = await refusal(
      applyCommand({ ...context, world: { ...context.world, ask } }, { yes: false, catalogue }),
    );

    expect(questions.at(-1)).toBe('Apply the catalogue to my-project (production)? yes or no: ');
    expect(said).toMatch(/catalogue was not changed/);
    expect(notes.join('\n')).toContain('~ tier pro');
    expect(steps(await lines())).not.toContain('catalogue');
  });

  it('that only adds entries is no reason to ask', async () => {
    const { context, questions, lines, catalogue } = await aDeployment({ answers: [UNCHANGED] });

    await applyCommand(context, { yes: false, catalogue });

    expect(questions).toEqual([]);
    expect(steps(await lines())).toContain('catalogue');
  });

  it('that changes entries is applied with --yes, and only with it where nobody can be asked', async () => {
    const asked = await aDeployment({ answers: [UNCHANGED, BY_HAND] });
    const told = await aDeployment({ answers: [UNCHANGED, BY_HAND] });

    const said = await refusal(applyCommand(asked.context, { yes: false, catalogue: asked.catalogue }));
    await applyCommand(told.context, { yes: true, catalogue: told.catalogue });

    expect(said).toMatch(/Nobody is there[^]*--yes[^]*--no-catalog/);
    expect(told.questions).toEqual([]);
    expect(steps(await told.lines())).toContain('catalogue');
  });

  it.each([
    ['planned', { to: /catalog.ts plan/, code: 2, stderr: 'catalog: /tiers/free/maxInstances is missing' }],
    ['applied', { to: /catalog.ts apply/, code: 1, stderr: 'catalog: /tiers/free/maxInstances is missing' }],
  ])(
    'that could not be %s is refused with the reason, and with commands that a shell understands',
    async (what, answer) => {
      const { context, catalogue } = await aDeployment({ answers: [answer] });

      const said = await refusal(applyCommand(context, { yes: true, catalogue }));

      expect(said).toMatch(new RegExp(`could not be ${what}: catalog: /tiers/free/maxInstances is missing`));
      const commands = said.split('\n').filter((line) => line.startsWith('npm '));
      expect(commands).toEqual([
        `npm run deploy -- catalog .build/catalog.json --project=my-project --region=europe-west1 --env=production --catalog=${catalogue}`,
        "npm run catalog -- plan .build/catalog.json --project=my-project '--database=(default)'",
      ]);
      for (const command of commands) expect(spawnSync('bash', ['-n', '-c', command]).status, command).toBe(0);
    },
  );

  it('can be had as a file with its blanks filled in, and nothing is built or changed for it', async () => {
    const { context, root, lines, catalogue } = await aDeployment();
    const output = join(root, 'new', 'filled.json');

    const text = await catalogueCommand(context, { catalogue, output: undefined });
    const nothing = await catalogueCommand(context, { catalogue, output });

    expect(JSON.parse(text ?? '')).toMatchObject({ configs: { a: { zone: 'europe-west1-b' } } });
    expect([nothing, await readFile(output, 'utf8')]).toEqual([undefined, text]);
    expect(new Set(steps(await lines()))).toEqual(new Set([...CHECKS, 'init', 'outputs']));
  });
});

describe('the database', () => {
  const THERE = { to: /^gcloud firestore databases describe/, stdout: 'DATASTORE_MODE\n' };
  const NATIVE = { to: /^gcloud firestore databases describe/, stdout: 'FIRESTORE_NATIVE\n' };
  const NO_INDEXES = { to: /^gcloud firestore indexes/, stdout: '[]' };
  const [NO_STATE] = EMPTY.slice(0, 1);
  if (NO_STATE === undefined) throw new Error('A state is missing.');

  /** What the last command line, Terraform's plan, says of variables whose names have this part. */
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

    await destroyCommand(context, { yes: true, deleteInstances: false, confirmInstances: undefined });

    expect(await told(lines)).toBe('-var=database_id=(default) -var=adopt_database=false -var=adopt_indexes={}');
    expect(steps(await lines())).not.toContain('database');
  });
});

describe('the bucket of the state', () => {
  const FOREIGN = {
    to: /buckets describe/,
    stdout: '{"projectNumber": "666", "versioning": {"enabled": true}}',
  };
  const UNVERSIONED = { to: /buckets describe/, stdout: '{"projectNumber": "1234567890"}' };

  it('that belongs to another project is refused: whoever took the name first would be handed the state', async () => {
    const { context, lines } = await aDeployment({ answers: [FOREIGN] });

    const said = await refusal(applyCommand(context, { yes: true, ...NO_CATALOGUE }));

    expect(said).toMatch(/belongs to another project \(number 666\), not to my-project[^]*--state-bucket/);
    expect(steps(await lines()).at(-1)).toBe('state bucket');
  });

  it('that says no owner is refused as well', async () => {
    const { context } = await aDeployment({ answers: [{ to: /buckets describe/, stdout: '{}' }] });

    expect(await refusal(planCommand(context, NO_CATALOGUE))).toMatch(/belongs to another project \(number unknown\)/);
  });

  it('that belongs to another project is used when it was named', async () => {
    const { context, notes } = await aDeployment({ answers: [FOREIGN], target: { stateBucketNamed: true } });

    await applyCommand(context, { yes: true, ...NO_CATALOGUE });

    expect(notes.join('\n')).toContain('belongs to another project (number 666)');
  });

  it('keeps versions from the next apply on, though it existed already', async () => {
    const { context, lines } = await aDeployment({ answers: [UNVERSIONED] });

    await applyCommand(context, { yes: true, ...NO_CATALOGUE });

    expect((await lines()).find((line) => line.includes('buckets update'))).toBe(
      'gcloud storage buckets update gs://my-project-compute-api-state --versioning',
    );
  });

  it('is left as it is by plan, which says that it keeps no versions', async () => {
    const { context, lines, notes } = await aDeployment({ answers: [UNVERSIONED] });

    await planCommand(context, NO_CATALOGUE);

    expect(notes.join('\n')).toContain('does not keep earlier versions');
    expect(steps(await lines())).not.toContain('keep versions');
  });

  it('that cannot be told to keep versions stops apply', async () => {
    const { context, lines } = await aDeployment({
      answers: [UNVERSIONED, { to: /buckets update/, code: 1, stderr: 'denied' }],
    });

    expect(await refusal(applyCommand(context, { yes: true, ...NO_CATALOGUE }))).toMatch(/keep versions: denied/);
    expect(steps(await lines())).not.toContain('build');
  });
});

describe('the test of the deployed API', () => {
  it('waits until a new gateway answers', async () => {
    let left = 3;
    const { context, notes, nowMs } = await aDeployment({
      respond: (headers) => (left-- > 0 ? new Response('', { status: 404 }) : wellResponse(headers)),
    });

    await applyCommand(context, { yes: true, catalogue: undefined });

    expect(nowMs()).toBe(15_000);
    expect(notes.join('\n')).toContain('waiting for the API (status 404 instead of 401)');
  });

  it.each([
    [
      'the gateway refuses by itself',
      () => Response.json({ code: 401, message: 'Jwt is missing' }, { status: 401 }),
      /not ours/,
    ],
    ['the function fails', () => new Response('', { status: 500 }), /status 500/],
    [
      'nobody answers',
      () => {
        throw new TypeError('fetch failed');
      },
      /fetch failed/,
    ],
  ])('fails when %s, after five minutes', async (_, respond, message) => {
    const { context, nowMs } = await aDeployment({ respond });

    const said = await refusal(applyCommand(context, { yes: true, catalogue: undefined }));

    expect(said).toMatch(message);
    expect(nowMs()).toBe(300_000);
  });

  it('removes its key when the API does not take it', async () => {
    const { context, lines, catalogue } = await aDeployment({ respond: () => wellResponse({}) });

    const said = await refusal(applyCommand(context, { yes: true, catalogue }));

    expect(said).toMatch(/status 401 instead of 200/);
    expect(steps(await lines()).at(-1)).toBe('remove user');
  });

  it('never shows the secret of its key', async () => {
    const { context, notes, lines, catalogue } = await aDeployment();

    await applyCommand(context, { yes: true, catalogue });

    expect([...notes, ...(await lines())].join('\n')).not.toContain('secret-1');
  });
});

describe('destroy', () => {
  const MACHINES = { to: /^gcloud compute instances list/, stdout: 'tw-1,europe-west1-b\ntw-2,europe-west1-c\n' };
  const options = { yes: true, deleteInstances: false, confirmInstances: undefined };

  it('removes what was deployed when no customer has an instance', async () => {
    const { context, lines } = await aDeployment();

    await destroyCommand(context, options);

    expect(steps(await lines())).toEqual([...CHECKS, 'machines', ...PREPARATION, 'destroy']);
    expect((await lines()).find((line) => line.includes('instances list'))).toContain(
      '--filter=labels.compute-api=production',
    );
  });

  it.each([
    ['not told', options],
    ['told once', { ...options, deleteInstances: true }],
    ['told once, the other way', { ...options, confirmInstances: 2 }],
    ['told another number than there are', { ...options, deleteInstances: true, confirmInstances: 1 }],
  ])('is refused while customers have instances: %s', async (_, given) => {
    const { context, lines } = await aDeployment({ answers: [MACHINES] });

    const said = await refusal(destroyCommand(context, given));

    expect(said).toMatch(/have 2 instances[^]*tw-1, tw-2[^]*--delete-instances --confirm-instances 2/);
    expect(steps(await lines()).at(-1)).toBe('machines');
  });

  it('told twice, deletes the instances first', async () => {
    const { context, lines } = await aDeployment({ answers: [MACHINES] });

    await destroyCommand(context, { ...options, deleteInstances: true, confirmInstances: 2 });

    expect(steps(await lines()).slice(-3)).toEqual(['delete machine', 'delete machine', 'destroy']);
    expect((await lines()).find((line) => line.includes('instances delete'))).toContain('tw-1 --zone=europe-west1-b');
  });

  it('stops at an instance that cannot be deleted', async () => {
    const { context, lines } = await aDeployment({
      answers: [MACHINES, { to: /instances delete tw-1/, code: 1, stderr: 'deletion protection is on' }],
    });

    const said = await refusal(destroyCommand(context, { ...options, deleteInstances: true, confirmInstances: 2 }));

    expect(said).toMatch(/tw-1 could not be deleted: deletion protection is on/);
    expect(steps(await lines())).not.toContain('destroy');
  });

  it('destroys nothing when it cannot be known whether customers have instances', async () => {
    const { context, lines } = await aDeployment({ answers: [{ to: /instances list/, code: 1, stderr: 'denied' }] });

    expect(await refusal(destroyCommand(context, options))).toMatch(/cannot be known: denied/);
    expect(steps(await lines())).not.toContain('destroy');
  });

  it.each([
    ['my-project', /Nothing was destroyed/],
    [undefined, /Nobody is there/],
  ])('wants project and environment typed; %s is not enough', async (says, message) => {
    const { context, lines } = await aDeployment(says === undefined ? {} : { says });

    expect(await refusal(destroyCommand(context, { ...options, yes: false }))).toMatch(message);
    expect(steps(await lines())).not.toContain('destroy');
  });
});
