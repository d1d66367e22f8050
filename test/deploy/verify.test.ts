import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFile } from 'node:fs/promises';
import { CHECKS, verifyCommand } from '#scripts/deploy/verify.ts';
import { tableRows } from '#test/infra/markdown-table.ts';
import { INFRA } from '#test/infra/terraform-sources.ts';
import type { Answer } from './fake-programs.ts';
import { aDeployment } from './a-deployment.ts';

const FUNCTIONS = [
  { name: 'compute-one', kind: 'http', trigger: null },
  { name: 'power-worker', kind: 'push', trigger: { type: 'push', deadLetterTopic: 'dead' } },
  { name: 'reconciler-sweep', kind: 'schedule', trigger: { type: 'schedule' } },
];

const json = (to: RegExp, value: unknown): Answer => ({ to, stdout: JSON.stringify(value) });

/** The resources that gcloud lists for a correct deployment. */
const WELL: readonly Answer[] = [
  json(
    /functions list/,
    FUNCTIONS.map(({ name }) => ({ name: `projects/p/functions/production-${name}`, state: 'ACTIVE' })),
  ),
  json(/databases describe .*format=json/, {
    type: 'DATASTORE_MODE',
    concurrencyMode: 'OPTIMISTIC',
    deleteProtectionState: 'DELETE_PROTECTION_ENABLED',
  }),
  json(/indexes composite list/, [
    { name: 'i/1', state: 'READY' },
    { name: 'i/2', state: 'READY' },
  ]),
  json(/subscriptions list/, [
    {
      name: 'projects/p/subscriptions/production-power-worker',
      pushConfig: { oidcToken: {} },
      deadLetterPolicy: {},
      state: 'ACTIVE',
    },
  ]),
  json(/scheduler jobs list/, [{ name: 'projects/p/jobs/production-reconciler-sweep', state: 'ENABLED' }]),
  json(/logging read .*sweep ended/, [{}]),
  json(/logging read .resource/, []),
  json(/logging sinks list/, [{ name: '_Default' }, { name: 'production-compute-events' }]),
];

async function verified(...answers: readonly Answer[]) {
  const deployment = await aDeployment({ answers: [...answers, ...WELL] });
  await writeFile(join(deployment.root, 'infra/generated/functions.json'), JSON.stringify({ functions: FUNCTIONS }));
  await writeFile(
    join(deployment.root, 'infra/log-filters.json'),
    '{"gatewayCredentials": "(resource.type=\\"api\\")"}',
  );
  const said = await verifyCommand(deployment.context).then(
    () => '',
    (thrown: unknown) => String(thrown),
  );
  return { said, notes: deployment.notes.join('\n') };
}

describe('verify', () => {
  it('says of a deployment that is as it must be that each check is ok', async () => {
    const { said, notes } = await verified();

    expect(said).toBe('');
    for (const { name } of CHECKS) expect(notes).toContain(`ok  ${name}`);
  });

  it.each([
    ['functions', json(/functions list/, []), 'power-worker is missing'],
    ['database', json(/databases describe .*format=json/, {}), 'concurrencyMode is undefined instead of OPTIMISTIC'],
    ['indexes', json(/indexes composite list/, [{ name: 'i/1', state: 'CREATING' }]), '1 indexes instead of 2'],
    ['ttl', json(/ttls list/, []), 'Operation has no TTL policy'],
    ['conditional commits', { to: /conditional-commits/, code: 1, stdout: 'Not as it must be' }, 'Not as it must be'],
    ['subscriptions', json(/subscriptions list/, []), 'power-worker has no subscription'],
    ['schedule', json(/scheduler jobs list/, []), 'the job of reconciler-sweep is missing'],
    ['sweep', json(/logging read .*sweep ended/, []), 'no sweep has ended'],
    ['keys in logs', json(/logging read .resource.type="api"/, [{}]), 'an API key is stored'],
    ['sinks', json(/logging sinks list/, [{ name: 'archive' }]), 'the sink archive needs the exclusion'],
  ] as const)('finds what is wrong with %s', async (name, answer, problem) => {
    const { said, notes } = await verified(answer);

    expect(notes).toContain(`!!  ${name}: `);
    expect(notes).toContain(problem);
    expect(said).toContain(`Not as it must be: ${name}`);
  });

  it('takes the steps of the first-deployment list that name it, in their order', () => {
    const rows = tableRows(readFileSync(join(INFRA, 'README.md'), 'utf8'));
    const steps = rows.filter((cells) => cells.length === 4 && cells[1]?.includes('deploy -- verify') === true);
    const names = steps.map(([first = '']) => first).filter((name) => CHECKS.some((check) => check.name === name));

    expect(names).toEqual(CHECKS.map(({ name }) => name));
  });
});
