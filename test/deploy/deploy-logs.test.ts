import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyCommand, planCommand } from '#scripts/deploy/commands.ts';
import { DeployError } from '#scripts/deploy/deploy-error.ts';
import { destroyCommand } from '#scripts/deploy/destroy.ts';
import { restoreCommand } from '#scripts/deploy/restore.ts';
import { aDeployment, addressSeen, stateWith, wellResponse } from './a-deployment.ts';
import { EMPTY, refusal, steps } from './deploy-steps.ts';

type Deployment = Awaited<ReturnType<typeof aDeployment>>;

/** Returns the operator's output and the command lines that were run, without parts that differ between machines. */
async function logOf({ notes, lines, root }: Deployment): Promise<string> {
  const commands = (await lines()).map((line) => `$ ${line}`);
  const text = ['# What is said', ...notes, '', '# What is run', ...commands, ''].join('\n');
  return text
    .replaceAll(root, 'ROOT')
    .replaceAll(/probe-[0-9a-f]{16}/g, 'probe-ID')
    .replaceAll(/[0-9a-f]{16}\.zip/g, 'HASH.zip');
}

const SNAPSHOT = { snapshotTime: '2026-11-20T10:00:00Z', into: 'compute-api-restored', yes: true };
const RESTORED_MISSING = { to: /databases describe --database=compute-api-restored/, code: 1, once: true } as const;
const NO_INDEXES = { to: /^gcloud firestore indexes/, stdout: '[]' };
const NO_STATE = { to: / show -json/, stdout: '{"format_version": "1.0"}' };

describe('the log of', () => {
  it('a first apply in an empty project: everything is made, and the API is tested', async () => {
    const deployment = await aDeployment({
      answers: [
        { to: /services list/, stdout: 'iam.googleapis.com' },
        { to: /buckets describe/, code: 1, stderr: 'not found: 404' },
        { to: /instances list/, code: 1, stderr: 'API [compute.googleapis.com] not enabled on project' },
        { to: /ttls list/, stdout: '[]', once: true },
        ...EMPTY,
      ],
    });
    await rm(join(deployment.root, 'infra/.terraform.lock.hcl'));

    await applyCommand(deployment.context, { yes: true, catalogue: deployment.catalogue });

    await expect(await logOf(deployment)).toMatchFileSnapshot('logs/first-apply.txt');
  });

  it('an upgrade: a plan that was reviewed is applied, from its folder, by another job', async () => {
    const review = await aDeployment();
    const folder = join(review.root, 'reviewed');
    await planCommand(review.context, { catalogue: review.catalogue, out: folder });
    const job = await aDeployment();

    await applyCommand(job.context, { yes: false, catalogue: job.catalogue, plan: folder });

    expect(job.questions).toEqual([]);
    expect(steps(await job.lines())).not.toContain('build');
    const text = (await logOf(job)).replaceAll(review.root, 'REVIEW');
    await expect(text).toMatchFileSnapshot('logs/upgrade.txt');
  });

  it('a rollback: the former release is applied over the new one like any other change', async () => {
    const deployment = await aDeployment({ says: 'yes' });

    await applyCommand(deployment.context, { yes: false, catalogue: undefined });

    expect(steps(await deployment.lines())).not.toContain('forget the database');
    await expect(await logOf(deployment)).toMatchFileSnapshot('logs/rollback.txt');
  });

  it('a restore: the sweep is paused before anything else, and both databases may be used during the change', async () => {
    const deployment = await aDeployment({
      answers: [
        RESTORED_MISSING,
        { ...stateWith('(default)'), once: true },
        { ...stateWith('(default)'), to: / show -json/, once: true },
        NO_STATE,
        NO_INDEXES,
      ],
    });

    await restoreCommand(deployment.context, SNAPSHOT);

    const done = steps(await deployment.lines());
    const order = ['pause sweep', 'clone', 'allow both', 'forget the database', 'plan', 'apply', 'TTL'];
    expect(done.filter((step) => order.includes(step))).toEqual(order);
    await expect(await logOf(deployment)).toMatchFileSnapshot('logs/restore.txt');
  });

  it('a destroy with machines, one of them protected, and a volume: they go first, and the database keeps its indexes', async () => {
    const deployment = await aDeployment({
      answers: [
        { to: /compute instances list/, stdout: 'tw-1,europe-west1-b,False\ninst-2,europe-west1-c,True\n' },
        { to: /compute disks list/, stdout: 'vol-1,europe-west1-b\n' },
      ],
    });
    const instances = { deleteInstances: true, confirmInstances: 2, includeProtected: true };
    const volumes = { deleteVolumes: true, confirmVolumes: 1, keepVolumes: false };

    await destroyCommand(deployment.context, { yes: true, ...instances, ...volumes });

    await expect(await logOf(deployment)).toMatchFileSnapshot('logs/destroy.txt');
  });
});

describe('a restore', () => {
  it('that broke off after Terraform forgot the former database goes on with the restored one', async () => {
    const { context, lines } = await aDeployment({ answers: [NO_STATE, NO_INDEXES] });

    await restoreCommand(context, SNAPSHOT);

    expect(steps(await lines())).not.toContain('clone');
    const plan = (await lines()).find((line) => line.includes(' plan ')) ?? '';
    expect(plan).toContain('-var=database_id=compute-api-restored -var=adopt_database=true');
  });

  it.each([
    ['the sweep', 'pause sweep', / jobs pause/],
    ['a further run of the sweep', 'pause sweep', / jobs pause \S+-2 /],
    ['what nobody could list', 'further sweeps', / jobs list/],
  ])('goes no further when %s cannot be paused', async (_what, last, to) => {
    const further = { to: /scheduler jobs list/, stdout: 'production-reconciler-sweep-2\n' };
    const { context, lines } = await aDeployment({ answers: [{ to, code: 1, stderr: 'no' }, further] });

    await expect(restoreCommand(context, SNAPSHOT)).rejects.toThrow(/sweep could not be paused/);
    expect(steps(await lines()).at(-1)).toBe(last);
  });

  it('pauses every job of the sweep, and names each when it is to go on', async () => {
    const names = 'production-reconciler-sweep-2\nproduction-reconciler-sweep-3\n';
    const deployment = await aDeployment({
      answers: [{ to: /scheduler jobs list/, stdout: names }, NO_STATE, NO_INDEXES],
    });

    await restoreCommand(deployment.context, SNAPSHOT);

    const paused = (await deployment.lines()).flatMap((line) => / jobs pause (\S+)/.exec(line)?.[1] ?? []);
    expect(paused).toEqual(['', '-2', '-3'].map((which) => `production-reconciler-sweep${which}`));
    for (const name of paused) expect(await logOf(deployment)).toContain(`jobs resume ${name} `);
  });
});

describe('the smoke test', () => {
  it.each([
    ['believes a forged entry', { address: '192.0.2.1', forwardedEntries: 3 }, undefined],
    ['takes the gateway for the caller', { address: '35.0.0.1', forwardedEntries: 3 }, '203.0.113.7'],
    [
      "takes the gateway for the caller, and the gateway's own entry is late",
      { address: '35.0.0.1', forwardedEntries: 3, forwardedHops: 1 },
      undefined,
    ],
  ])('fails when a function %s, and says how many hops there are', async (_, seen, remoteIp) => {
    const { context } = await aDeployment({ answers: [addressSeen(seen, remoteIp)], respond: wellResponse });

    const applied = applyCommand(context, { yes: true, catalogue: undefined });

    await expect(applied).rejects.toMatchObject({ hint: [expect.stringContaining('forwarded_hops = 2')] });
  });

  it('says that the address is not known when logs may not be read', async () => {
    const { context, notes } = await aDeployment({ answers: [{ to: /logging read/, code: 1, stderr: 'denied' }] });

    await applyCommand(context, { yes: true, catalogue: undefined });

    expect(notes.join('\n')).toContain('logs cannot be read (denied)');
  });
});

describe('apply', () => {
  it('says in capitals if alerts are sent to no one', async () => {
    const { context, notes } = await aDeployment({
      answers: [
        {
          to: / output -json/,
          stdout: JSON.stringify({
            address: { value: 'https://gateway.example' },
            alerts_go_to: { value: '' },
            database: { value: '(default)' },
            network: { value: { network: 'n', region: 'europe-west1', subnetwork: 's' } },
          }),
        },
      ],
    });

    await applyCommand(context, { yes: true, catalogue: undefined });

    expect(notes.join('\n')).toContain('NO ALERT REACHES ANYBODY');
  });

  it('makes the TTL policies that are missing, and no other', async () => {
    const there = [{ name: 'projects/p/databases/d/collectionGroups/Session/fields/expireAt', ttlConfig: {} }];
    const { context, lines } = await aDeployment({
      answers: [{ to: /ttls list/, stdout: JSON.stringify(there) }],
    });

    await applyCommand(context, { yes: true, catalogue: undefined });

    expect((await lines()).filter((line) => line.includes('ttls update'))).toEqual([
      'gcloud firestore fields ttls update expireAt --collection-group=Operation --enable-ttl --database=(default) --project=my-project --async',
    ]);
  });

  it('regression: made an empty database while volumes carried the label: the sweep would have deleted their disks', async () => {
    const { context, lines } = await aDeployment({
      answers: [
        { to: /databases describe/, code: 1, stderr: 'NOT_FOUND' },
        { to: /disks list/, stdout: 'vol-1,z\n' },
      ],
    });

    const refused = await refusal(applyCommand(context, { yes: true, catalogue: undefined }));

    expect(refused).toMatch(/1 volume with the label of production/);
    expect(steps(await lines())).not.toContain('plan');
  });

  it.each([
    ['is refused', false, /2 instances with the label of production[^]*--empty-database/],
    ['is made when the records are given up', true, undefined],
  ])('a missing database %s while machines carry the label', async (_, emptyDatabase, message) => {
    const { context, lines } = await aDeployment({
      answers: [
        { to: /databases describe/, code: 1, stderr: 'NOT_FOUND' },
        { to: /instances list/, stdout: 'tw-1,z\ntw-2,z\n' },
      ],
      target: { emptyDatabase },
    });

    const applied = applyCommand(context, { yes: true, catalogue: undefined }).then(
      () => '',
      (thrown: unknown) =>
        thrown instanceof DeployError ? [thrown.message, ...thrown.hint].join('\n') : String(thrown),
    );

    if (message === undefined) expect(await applied).toBe('');
    else expect(await applied).toMatch(message);
    expect(steps(await lines()).includes('plan')).toBe(emptyDatabase);
  });

  it('of a plan that was made for another environment is refused', async () => {
    const review = await aDeployment();
    const folder = join(review.root, 'reviewed');
    await planCommand(review.context, { catalogue: undefined, out: folder });
    const { context, lines } = await aDeployment({ target: { environment: 'staging' } });

    await expect(applyCommand(context, { yes: true, catalogue: undefined, plan: folder })).rejects.toThrow(
      /made for the environment production, not for staging/,
    );
    expect(steps(await lines())).not.toContain('apply');
  });
});
