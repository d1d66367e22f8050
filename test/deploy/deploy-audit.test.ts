import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DeployLine } from '#scripts/deploy/deploy-line.ts';
import { recordLine } from '#scripts/deploy/record-line.ts';
import { readAudit } from '#shared/actions/read-audit.ts';
import { TEST_PROJECT, testDatastore } from '#test/support/datastore.ts';
import { runLine } from '#test/support/run-line.ts';
import { aDeployment, type DeploymentOptions, stateWith } from './a-deployment.ts';
import { EMPTY, steps } from './deploy-steps.ts';
import type { Answer } from './fake-programs.ts';

const TARGET = ['--project', 'my-project', '--region', 'europe-west1', '--yes'];
const RESTORED = '2026-11-20T10:00:00Z';

/** Every command that changes what is deployed, with its arguments. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  apply: [...TARGET, '--no-catalog'],
  restore: [...TARGET, '--snapshot-time', RESTORED, '--into', 'restored'],
  destroy: TARGET,
  local: [],
};

/** What a project says while its records are restored into another database. */
const RESTORING: readonly Answer[] = [
  { to: /databases describe --database=restored/, code: 1, once: true },
  { ...stateWith('(default)'), once: true },
  { ...stateWith('(default)'), once: true },
  { to: / show -json/, stdout: '{"format_version": "1.0"}' },
  { to: /^gcloud firestore indexes/, stdout: '[]' },
];

/** A control interface of a local cloud that deploys whatever it is asked to. */
async function aControlInterface(folder: string): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    response.end(JSON.stringify({ functions: 3, indexes: 2 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const control = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'connection.json'), JSON.stringify({ control }));
}

async function deploying(command: string, options: DeploymentOptions = {}) {
  const deployment = await aDeployment(options);
  const folder = join(deployment.root, '.local');
  if (command === 'local') await aControlInterface(folder);
  let stderr = '';
  const world = {
    ...deployment.context.world,
    ...(command === 'local' ? { fetch: (url: string) => fetch(url, { method: 'POST' }) } : {}),
  };
  const line = new DeployLine(world, { stdout: () => undefined, stderr: (text) => (stderr += text) });
  const exitCode = await line.run([
    command,
    ...(CHANGES[command] ?? []),
    ...(command === 'local' ? ['--state-dir', folder] : []),
  ]);
  const records = deployment.programs.calls
    .map(({ line: told }) => told)
    .filter((told) => told.includes('record-change'));
  return { ...deployment, exitCode, stderr, records };
}

it('every command that changes what is deployed is walked here', async () => {
  const { context } = await aDeployment();

  expect([...new DeployLine(context.world).changingCommands()].sort()).toEqual(Object.keys(CHANGES).sort());
});

it.each(Object.keys(CHANGES))('deploy %s is on record once, before it changes anything', async (command) => {
  const answers = command === 'restore' ? RESTORING : [];
  const { exitCode, stderr, records, lines } = await deploying(command, { answers });

  expect(exitCode, stderr).toBe(0);
  expect(records).toHaveLength(1);
  expect(records[0]).toContain(` deploy.${command} `);
  const order = steps(await lines());
  const changes = order.findIndex((step) => ['apply', 'destroy'].includes(step));
  if (changes >= 0) expect(order.indexOf('record')).toBeLessThan(changes);
});

describe('deploy apply', () => {
  const PLAN = {
    resource_changes: [
      {
        address: 'google_cloudfunctions2_function.function["a"]',
        type: 'google_cloudfunctions2_function',
        change: {
          actions: ['update'],
          before: { service_config: [{ environment_variables: { FORWARDED_HOPS: '3', DEPLOYMENT: 'production' } }] },
          after: { service_config: [{ environment_variables: { FORWARDED_HOPS: '2', DEPLOYMENT: 'production' } }] },
        },
      },
      { address: 'google_pubsub_topic.t', type: 'google_pubsub_topic', change: { actions: ['no-op'] } },
      {
        address: 'google_firestore_index.i',
        type: 'google_firestore_index',
        change: { actions: ['create'], before: null },
      },
      { address: 'x.y', type: 'x', change: { actions: ['delete', 'create'] } },
    ],
  };
  const SHOWN = { to: / show -json \S/, stdout: JSON.stringify(PLAN) };

  it('says what becomes of which resources, and from which setting to which', async () => {
    const { records } = await deploying('apply', { answers: [SHOWN] });

    const [, before = '{}'] = /--before=(\{.*?\}) --after=/.exec(records[0] ?? '') ?? [];
    const [, after = '{}'] = /--after=(\{.*\}) --project=/.exec(records[0] ?? '') ?? [];
    expect(JSON.parse(before)).toEqual({ environment: { FORWARDED_HOPS: '3' } });
    expect(JSON.parse(after)).toEqual({
      release: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      environment: { FORWARDED_HOPS: '2' },
      resources: {
        update: ['google_cloudfunctions2_function.function["a"]'],
        create: ['google_firestore_index.i'],
        replace: ['x.y'],
      },
    });
  });

  it('that changes nothing is not on record', async () => {
    const { records, exitCode } = await deploying('apply', { answers: [{ to: / plan -input/, code: 0 }] });

    expect(exitCode).toBe(0);
    expect(records).toEqual([]);
  });

  it('that cannot be put on record changes nothing', async () => {
    const { exitCode, stderr, lines } = await deploying('apply', {
      answers: [{ to: /record-change/, code: 1, stderr: 'PERMISSION_DENIED' }],
    });

    expect(exitCode).toBe(1);
    expect(stderr).toContain('cannot be put on record: PERMISSION_DENIED');
    expect(steps(await lines())).not.toContain('apply');
  });

  it('for the first time is on record as soon as there is a database', async () => {
    const { lines, exitCode, stderr } = await deploying('apply', { answers: [SHOWN, ...EMPTY] });

    expect(exitCode, stderr).toBe(0);
    const order = steps(await lines());
    expect(order.indexOf('record')).toBeGreaterThan(order.indexOf('apply'));
  });
});

it('the entry names the release before it, and is written while the index for that is missing', async () => {
  const { store, address, emulator } = await testDatastore();
  const environment = { DATASTORE_EMULATOR_HOST: address, GOOGLE_CLOUD_PROJECT: TEST_PROJECT };
  const record = (release: string) =>
    runLine(
      recordLine,
      ['deploy.apply', '--object=deployment staging', `--after={"release":"${release}"}`],
      environment,
    );

  for (const release of ['one', 'two']) expect((await record(release)).exitCode).toBe(0);
  emulator.declareIndexes([]);
  expect((await record('three')).exitCode).toBe(0);

  const { entries } = await readAudit({}, { limit: 10 }, { store });
  expect(entries.map(({ before, after }) => [before?.['release'], after?.['release']])).toEqual([
    [null, 'three'],
    ['one', 'two'],
    [null, 'one'],
  ]);
});

it.each([
  [['deploy.nothing', '--object=x'], /There is no action deploy\.nothing/],
  [['deploy.apply'], /required option '--object/],
  [['deploy.apply', '--object=x', '--after=[]'], /must be a JSON object/],
])('record-change %j is refused with a sentence', async (args, message) => {
  const { address } = await testDatastore();

  const { exitCode, stderr } = await runLine(recordLine, args, {
    DATASTORE_EMULATOR_HOST: address,
    GOOGLE_CLOUD_PROJECT: TEST_PROJECT,
  });

  expect(exitCode).not.toBe(0);
  expect(stderr).toMatch(message);
});
