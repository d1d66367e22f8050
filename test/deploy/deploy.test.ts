import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyCommand, planCommand } from '#scripts/deploy/commands.ts';
import { aDeployment, stateWith, wellResponse } from './a-deployment.ts';
import { CHECKS, PREPARATION, NO_CATALOGUE, steps, refusal } from './deploy-steps.ts';

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
    const [call] = programs.calls.filter(({ line }) => line.includes(' plan '));
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
    programs.uninstall(program);

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
      'a state bucket of another project',
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
      'changes',
      'record',
      'apply',
      'outputs',
      'TTL',
      'catalogue plan',
      'catalogue',
      'address',
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

    const projects = programs.calls.map(({ environment }) => environment['GOOGLE_CLOUD_QUOTA_PROJECT']);
    expect(new Set(projects)).toEqual(new Set(['my-project']));
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
