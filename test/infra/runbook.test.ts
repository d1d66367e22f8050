import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import type { CommandLine, Surroundings } from '#scripts/console/command-line.ts';
import { applyCommand } from '#scripts/deploy/commands.ts';
import { DeployLine } from '#scripts/deploy/deploy-line.ts';
import { verifyCommand } from '#scripts/deploy/verify.ts';
import { parseLogFilter } from '#scripts/emulators/logging/log-filter.ts';
import { requestEntry } from '#scripts/local/gateway/request-entry.ts';
import { platformLine } from '#scripts/platform/platform-line.ts';
import { API_KEY } from '#shared/datastore/account-rows.ts';
import { DATABASE_MARKER, MARKER, ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { newOrphan } from '#shared/lifecycle/new-orphan.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { aDeployment, wellResponse } from '#test/deploy/a-deployment.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { PROJECT, ZONE } from '#test/support/compute-cloud.ts';
import { runLine } from '#test/support/run-line.ts';
import { tableRows } from './markdown-table.ts';
import { INFRA } from './terraform-sources.ts';

const README = readFileSync(join(INFRA, 'README.md'), 'utf8');
const SECTIONS: ReadonlyMap<string, string> = new Map(
  [
    ...(/^## Runbook$([\s\S]*?)^## /m.exec(README)?.[1] ?? '').matchAll(/^### (.+)\n([\s\S]*?)(?=^###|$(?![\s\S]))/gm),
  ].map(([, title = '', body = '']) => [title, body]),
);

const LINES: Readonly<Record<string, (surroundings: Surroundings) => CommandLine>> = {
  accounts: accountsLine,
  platform: platformLine,
};

/** Returns the text of `--help` for a command line, without its placeholders. */
async function helpOf(program: string, words: readonly string[]): Promise<string> {
  if (program === 'deploy') {
    let said = '';
    const { context } = await aDeployment();
    const output = { stdout: (text: string) => (said += text), stderr: (text: string) => (said += text) };
    await new DeployLine(context.world, output).run([...words, '--help']);
    return said;
  }
  const line = LINES[program] ?? expect.fail(`npm run ${program} is not known here.`);
  const { stdout, stderr } = await runLine(line, [...words, '--help']);
  return stdout + stderr;
}

/** The project's command lines in the runbook. */
const COMMANDS = [...SECTIONS].flatMap(([title, body]) =>
  [...body.matchAll(/`npm run (accounts|deploy|platform) -- ([^`]+)`/g)].map(([, program = '', line = '']) => ({
    title,
    program,
    words: line
      .split(' ')
      .filter((word) => /^[a-z][-a-z]*$/.test(word))
      .slice(0, 2),
    options: line.split(' ').filter((word) => word.startsWith('--')),
  })),
);

const PLATFORM_GROUPS = platformLine().program.commands.map((command) => command.name());

/** Groups of the operators' commands; every line with one of them is tested. */
const DESK = ['customers', 'dead-letters', 'doctor', 'find', 'instances', 'operations', 'sweep'];

describe('the runbook', () => {
  it('has a section for every alert of the table, and none beside', () => {
    const rows = tableRows(/^\| alert[\s\S]*?\n\n/m.exec(README)?.[0] ?? '').slice(1);

    expect([...SECTIONS.keys()].sort()).toEqual(rows.map(([alert]) => alert).sort());
  });

  it('names commands of the operators’ desk, of accounts and of deploy', () => {
    const foreign = COMMANDS.filter(
      ({ program, words: [group = ''] }) => program === 'platform' && !DESK.includes(group),
    );

    expect(foreign).toEqual([]);
    expect(COMMANDS.length).toBeGreaterThan(15);
  });

  it.each(
    COMMANDS.filter(({ program, words: [group = ''] }) => program !== 'platform' || PLATFORM_GROUPS.includes(group)),
  )('$title: npm run $program -- $words exists and takes $options', async ({ program, words, options }) => {
    const path = program === 'deploy' ? words.slice(0, 1) : words;

    const help = await helpOf(program, path);

    expect(help).toContain(`Usage: ${[program, ...path].join(' ')} `);
    for (const option of options) expect(help).toContain(option);
  });
});

const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 86_400_000 };

/** Creates a VM with its record, a sweep, and the operators' command lines on the same emulators. */
async function walk() {
  const world = await cloudAndRecords({ bootSeconds: 1, stopSeconds: 1 });
  const { cloud, tools, datastoreAddress } = world;
  const recorded = anInstance({ machine: { ...anInstance().machine, machineType: 'e2-medium' } });
  await cloud.insert(recorded.id, { labels: OUR_LABEL });
  await world.put(recorded);
  const later = async (seconds = 600) => {
    cloud.clock.advance(seconds);
    return sweep(SETTINGS, tools);
  };
  await later();
  const environment = {
    GOOGLE_CLOUD_PROJECT: PROJECT,
    DATASTORE_EMULATOR_HOST: datastoreAddress,
    COMPUTE_EMULATOR_HOST: cloud.emulator.address,
  };
  /** Returns the value that a command line prints with --json. */
  const run = async (make: (surroundings: Surroundings) => CommandLine, ...args: readonly string[]) => {
    const { exitCode, stdout, stderr } = await runLine(make, [...args, '--json'], environment);
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
  };
  return { ...world, id: recorded.id, later, run, platform: (...args: string[]) => run(platformLine, ...args) };
}

describe('walked once, with a fault for the alert', () => {
  it('Brake of the sweep: six lost records are shown, and released they are taken up', async () => {
    const { cloud, later, platform } = await walk();
    for (let index = 1; index <= 6; index += 1) await cloud.insert(`tw-000000-0000000${index}`, { labels: OUR_LABEL });
    expect((await later()).brake).toBe('on');

    expect(await platform('sweep', 'status')).toMatchObject({ brake: { unrecorded: 6, releasedAtMs: null } });
    await platform('sweep', 'release');

    expect((await later()).brake).toBe('released');
  });

  it('Database is another one: the database that the rows name is shown, and taken over by a release', async () => {
    const { store, later, platform } = await walk();
    await store.write([put(DATABASE_MARKER, MARKER, { database: 'another', epochMs: 0, madeAtMs: 1 })]);
    expect((await later()).brake).toBe('foreign');

    expect(await platform('sweep', 'status')).toMatchObject({ marker: { database: 'another' } });
    await platform('sweep', 'release');

    expect((await later()).brake).not.toBe('foreign');
  });

  it('Orphans found: a VM whose record comes back is off the list, and runs', async () => {
    const { cloud, later, orphan, put: restore } = await walk();
    const found = 'tw-000000-00000001';
    await cloud.insert(found, { labels: OUR_LABEL });
    await later();
    expect((await orphan(found))?.why).toBe('unrecorded');

    await restore(anInstance({ id: found, machine: { ...anInstance().machine, machineType: 'e2-medium' } }));
    await later();

    expect(await orphan(found)).toBeUndefined();
    expect((await cloud.get(found)).status).toBe('RUNNING');
  });

  it('Orphans that stay: the log has the reason, and a VM that was deleted by hand is off the list', async () => {
    const { cloud, compute, store, id, tools, later, orphan, logged } = await walk();
    const listed = newOrphan({ name: id, zone: ZONE }, { why: 'deleted', atMs: tools.nowMs(), mayAppear: false });
    await store.write([put(ORPHAN, id, listed)]);
    const request = compute.request.bind(compute);
    compute.request = () => Promise.reject(new CloudError('permission_denied', 'no'));
    await later();
    expect(logged.find(({ severity }) => severity === 'error')?.fields).toMatchObject({
      vm: id,
      reason: 'permission_denied',
    });

    compute.request = request;
    await cloud.instances.delete(cloud.at(id));
    await later();
    await later();

    expect(await orphan(id)).toBeUndefined();
  });

  it('API keys in logs: the filter finds the entry, and the key that it shows is revoked', async () => {
    const { store, run } = await walk();
    const perMinute = completeLimits({ create: 10 });
    await store.write([put(TIER, 'pro', { name: 'pro', maxInstances: 3, maxVolumeGb: 0, perMinute })]);
    await run(accountsLine, 'customers', 'create', 'acme', '--tier', 'pro');
    const { id: user } = await run(
      accountsLine,
      'users',
      'create',
      '--customer',
      'acme',
      '--group',
      'group1',
      '--name',
      'Alice',
    );
    const { apiKey } = await run(accountsLine, 'keys', 'create', '--user', String(user), '--name', 'laptop');
    const { gatewayCredentials } = JSON.parse(readFileSync(join(INFRA, 'log-filters.json'), 'utf8')) as {
      gatewayCredentials: string;
    };
    const entry = requestEntry({
      request: {
        method: 'GET',
        url: '/v1/instances',
        headers: { 'x-api-key': `${String(apiKey)}.secret` },
        rawHeaders: [],
      },
      project: PROJECT,
      operationId: 'InstancesList',
      status: 200,
      remoteAddress: '192.0.2.1',
      startedAtMs: 0,
      endedAtMs: 1,
    });
    expect(parseLogFilter(gatewayCredentials)(entry)).toBe(true);

    await run(accountsLine, 'keys', 'revoke', String(entry.jsonPayload.api_key).split('.')[0] ?? '');

    expect((await store.get(ref(API_KEY, String(apiKey))))?.value.revokedAtMs).not.toBeNull();
  });

  it('API unreachable: verify names what does not answer, an apply makes the gateway again, and verify is content', async () => {
    const gateway = { isUp: false };
    const deployment = await aDeployment({
      respond: (headers) =>
        gateway.isUp ? wellResponse(headers) : new Response('upstream connect error', { status: 503 }),
      answers: [{ to: /^gcloud firestore databases .*format=json/, stdout: '[]' }],
    });
    const { context, notes, root } = deployment;
    await writeFile(join(root, 'infra/generated/functions.json'), '{"functions": []}');
    await writeFile(join(root, 'infra/log-filters.json'), '{"gatewayCredentials": "severity=ERROR"}');
    // Its error is ignored, because other checks fail with these fake answers.
    const verified = () => verifyCommand(context).catch(() => undefined);

    await verified();
    expect(notes.join('\n')).toMatch(/!! {2}answers: .*503/);
    gateway.isUp = true;
    await applyCommand(context, { yes: true, catalogue: undefined });
    notes.length = 0;
    await verified();

    expect(notes).toContain('ok  answers');
  });
});
