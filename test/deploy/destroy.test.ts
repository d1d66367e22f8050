import { describe, expect, it } from 'vitest';
import { destroyCommand } from '#scripts/deploy/destroy.ts';
import { aDeployment } from './a-deployment.ts';
import { CHECKS, refusal, steps, TOLD_NOTHING as options } from './deploy-steps.ts';

describe('destroy', () => {
  const MACHINES = { to: /^gcloud compute instances list/, stdout: 'tw-1,europe-west1-b\ntw-2,europe-west1-c\n' };
  const VOLUMES = { to: /^gcloud compute disks list/, stdout: 'vol-1,europe-west1-b\n' };
  const PROTECTED = {
    to: /^gcloud compute instances list/,
    stdout: 'tw-1,europe-west1-b,False\ntw-2,europe-west1-c,True\ntw-3,europe-west1-c,True\n',
  };

  it('removes what was deployed when no customer has an instance', async () => {
    const { context, lines } = await aDeployment();

    await destroyCommand(context, options);

    expect(steps(await lines())).toEqual([
      ...CHECKS,
      'machines',
      'volumes',
      'generate',
      'build',
      'init',
      'state',
      'record',
      'state',
      'forget the database',
      'destroy',
    ]);
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
    expect(steps(await lines()).at(-1)).toBe('volumes');
  });

  it('with both confirmations, deletes the instances first', async () => {
    const { context, lines } = await aDeployment({ answers: [MACHINES] });

    await destroyCommand(context, { ...options, deleteInstances: true, confirmInstances: 2 });

    expect(steps(await lines()).slice(-5)).toEqual([
      'delete machine',
      'delete machine',
      'state',
      'forget the database',
      'destroy',
    ]);
    expect((await lines()).find((line) => line.includes('instances delete'))).toContain('tw-1 --zone=europe-west1-b');
  });

  it('regression: stopped half-way at the first protected instance; all of them are named before anything is changed', async () => {
    const { context, lines } = await aDeployment({ answers: [PROTECTED] });

    const said = await refusal(destroyCommand(context, { ...options, deleteInstances: true, confirmInstances: 3 }));

    expect(said).toMatch(/have 3 instances[^]*Protected[^]*: tw-2, tw-3\.[^]*--include-protected/);
    expect(steps(await lines()).at(-1)).toBe('volumes');
  });

  it('says at once everything that has to be agreed to', async () => {
    const { context } = await aDeployment({ answers: [PROTECTED, VOLUMES] });

    const said = await refusal(destroyCommand(context, options));

    expect(said).toMatch(/have 3 instances and 1 volume in my-project/);
    for (const option of ['--confirm-instances 3', '--include-protected', '--confirm-volumes 1', '--keep-volumes']) {
      expect(said).toContain(option);
    }
  });

  it('told to include protected instances, takes the protection off those alone, each before its delete', async () => {
    const { context, lines } = await aDeployment({ answers: [PROTECTED] });
    const told = { ...options, deleteInstances: true, confirmInstances: 3, includeProtected: true };

    await destroyCommand(context, told);

    const compute = (await lines()).filter((line) => /instances (update|delete)/.test(line));
    expect(
      compute.map((line) => line.replace(/^gcloud compute instances (\w+ [\w-]+) .*?( --no-.*)?$/, '$1$2')),
    ).toEqual([
      'delete tw-1',
      'update tw-2 --no-deletion-protection',
      'delete tw-2',
      'update tw-3 --no-deletion-protection',
      'delete tw-3',
    ]);
  });

  it('regression: left the disks of volumes behind without a word; it is refused until told what becomes of them', async () => {
    const { context, lines } = await aDeployment({ answers: [VOLUMES] });

    expect(await refusal(destroyCommand(context, options))).toMatch(/have 1 volume[^]*vol-1/);
    const another = { ...options, deleteVolumes: true, confirmVolumes: 2 };
    expect(await refusal(destroyCommand(context, another))).toMatch(/--confirm-volumes 1/);

    expect(steps(await lines())).not.toContain('destroy');
  });

  it('deletes volumes after the instances that have them, when told twice', async () => {
    const { context, lines } = await aDeployment({ answers: [MACHINES, VOLUMES] });
    const instances = { deleteInstances: true, confirmInstances: 2 };

    await destroyCommand(context, { ...options, ...instances, deleteVolumes: true, confirmVolumes: 1 });

    const gone = steps(await lines()).filter((step) => step.startsWith('delete') || step === 'destroy');
    expect(gone).toEqual(['delete machine', 'delete machine', 'delete volume', 'destroy']);
    expect((await lines()).find((line) => line.includes('disks delete'))).toContain('vol-1 --zone=europe-west1-b');
  });

  it('leaves volumes when told so, and says which are still paid for', async () => {
    const { context, lines, notes } = await aDeployment({ answers: [VOLUMES] });

    await destroyCommand(context, { ...options, keepVolumes: true });

    expect(steps(await lines()).at(-1)).toBe('destroy');
    expect(steps(await lines())).not.toContain('delete volume');
    expect(notes.join('\n')).toContain('1 volume of customers left, and paid for: vol-1.');
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
