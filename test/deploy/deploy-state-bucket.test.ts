import { describe, expect, it } from 'vitest';
import { applyCommand, planCommand } from '#scripts/deploy/commands.ts';
import { aDeployment } from './a-deployment.ts';
import { NO_CATALOGUE, steps, refusal } from './deploy-steps.ts';

describe('the bucket of the state', () => {
  const FOREIGN = {
    to: /buckets describe/,
    stdout: '{"projectNumber": "666", "versioning": {"enabled": true}}',
  };
  const UNVERSIONED = { to: /buckets describe/, stdout: '{"projectNumber": "1234567890"}' };

  it('that belongs to another project is refused: a stranger who took the name first would be handed the state', async () => {
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
