import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { describe, expect, onTestFinished, test } from 'vitest';
import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { freePort } from '#scripts/local/state/ports.ts';
import { secretHash } from '#shared/accounts/credential-text.ts';
import { API_KEY_ID, API_KEY_SECRET, SESSION_TOKEN } from '#shared/domain/credential-forms.ts';
import { createCustomer } from '#shared/accounts/customers.ts';
import { API_KEY, CUSTOMER, ORDERS, PROJECT, SESSION } from '#shared/datastore/account-rows.ts';
import { BID } from '#shared/datastore/bid-rows.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { Store } from '#shared/datastore/store.ts';
import { erase, put, ref } from '#shared/datastore/write.ts';
import { aBid } from '#test/support/a-bid.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { TEST_PROJECT } from '#test/support/datastore.ts';
import { runLine } from '#test/support/run-line.ts';
import { runScript } from '#test/support/run-script.ts';
import { accountsHarness, ALICE, aliceHarness } from './an-account.ts';

/** Starting a process takes a second on a busy machine. */
const PROCESSES_TIMEOUT_MS = 240_000;

function runner(address: string, how: 'here' | 'process' = 'here') {
  const environment = { DATASTORE_EMULATOR_HOST: address, GOOGLE_CLOUD_PROJECT: TEST_PROJECT };
  const run = (line: string) =>
    how === 'here'
      ? runLine(accountsLine, line.split(' '), environment)
      : runScript('accounts', line.split(' '), { environment });
  /** Returns the value that a command prints; fails unless it exits with 0. */
  const value = async (line: string): Promise<Record<string, unknown>> => {
    const { exitCode, stdout, stderr } = await run(`${line} --json`);
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  return { run, value };
}

test('from nothing to a user with a key, by hand', { timeout: PROCESSES_TIMEOUT_MS }, async () => {
  const { address, store } = await accountsHarness();
  const { run, value } = runner(address, 'process');

  expect((await run('customers create acme --tier pro --name Acme')).stdout).toBe(
    'Customer acme created, on tier pro.\n',
  );
  const project = await value('projects create --customer acme --name web');
  const user = await value(
    `users create --customer acme --group g1 --group g2 --user-project ${String(project['id'])}`,
  );
  const key = await value(`keys create --user ${String(user['id'])} --name laptop --expires 90d`);

  expect(user).toMatchObject({ customerId: 'acme', groups: ['g1', 'g2'], projects: [project['id']], roles: [] });
  const { apiKey, apiSecret, xApiKey, bearer } = key as Record<string, string>;
  expect(apiKey).toMatch(API_KEY_ID);
  expect(apiSecret).toMatch(API_KEY_SECRET);
  expect(xApiKey).toBe(`${apiKey ?? ''}_${apiSecret ?? ''}`);
  expect(bearer).toBe(`${(apiKey ?? '').replace('ak_live_', 'fkey_')}_${apiSecret ?? ''}`);
  const row = await store.get(ref(API_KEY, apiKey ?? ''));
  expect(row?.value.secretHash).toBe(secretHash(apiSecret ?? ''));
});

test('a secret is printed by the command that creates it and by no later one', async () => {
  const { address, store } = await aliceHarness();
  const { run, value } = runner(address);
  const key = (await value(`keys create --user ${ALICE} --name k`)) as Record<string, string>;
  const session = (await value(`sessions create --user ${ALICE}`)) as Record<string, string>;
  const rotated = (await value(`keys rotate ${key['apiKey'] ?? ''} --grace 1h`)) as Record<string, string>;
  const secrets = [key['apiSecret'], session['token'], rotated['apiSecret']].map((secret) => secret ?? '');
  expect(session['token']).toMatch(SESSION_TOKEN);

  const later = await Promise.all(
    ['keys list', 'keys list --json', 'sessions list', 'sessions list --json', `users show ${ALICE} --json`].map(run),
  );
  const rows = await store.getAll([
    ref(API_KEY, key['apiKey'] ?? ''),
    ref(API_KEY, rotated['apiKey'] ?? ''),
    ref(SESSION, session['id'] ?? ''),
  ]);

  expect(rows.every((row) => row !== undefined)).toBe(true);
  const text = JSON.stringify([later, rows]);
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(40);
    expect(text).not.toContain(secret);
  }
  for (const { stdout } of later) expect(stdout).not.toContain('secretHash');
});

test('keys and sessions are listed with their state, and end when revoked', async () => {
  const { address } = await aliceHarness();
  const { run, value } = runner(address);
  const key = await value(`keys create --user ${ALICE} --name laptop --expires never`);
  const session = await value(`sessions create --user ${ALICE} --ttl 12h`);

  const before = await run('keys list');
  await value(`keys revoke ${String(key['apiKey'])}`);
  await value(`sessions revoke ${String(session['id'])}`);

  const [heading, line] = before.stdout.split('\n');
  expect(heading).toMatch(/^ID +STATE +USER +EXPIRES +LAST USED +NAME$/);
  expect(line).toMatch(/^ak_live_\w{16} +valid +550e8400-\S+ +never +never +laptop$/);
  expect(line?.indexOf('valid')).toBe(heading?.indexOf('STATE'));
  expect(await value('keys list')).toMatchObject({ items: [{ state: 'revoked' }], nextCursor: null });
  expect(await value(`sessions list --user ${ALICE}`)).toMatchObject({ items: [{ state: 'revoked' }] });
});

test('a list continues behind its last page', async () => {
  const { address, context } = await accountsHarness();
  for (const id of ['a', 'b', 'c']) await createCustomer(context, { id, tier: 'pro' });
  const { run, value } = runner(address);

  const first = await value('customers list --limit 2');
  const second = await value(`customers list --limit 2 --after ${String(first['nextCursor'])}`);
  const asText = await run('customers list --limit 2');
  const wrong = await run('customers list --after nonsense');

  expect(first['items']).toMatchObject([{ id: 'a' }, { id: 'b' }]);
  expect(second).toMatchObject({ items: [{ id: 'c' }], nextCursor: null });
  expect(asText.stderr).toContain(`There is more: --after ${String(first['nextCursor'])}`);
  expect(wrong.exitCode).toBe(1);
});

test('users are changed and shown', async () => {
  const { address } = await aliceHarness();
  const { run, value } = runner(address);

  await value(`users set ${ALICE} --group dev,ops --role compute_admin`);
  await value(`users set ${ALICE} --clear roles --name Al`);

  expect(await value(`users show ${ALICE}`)).toMatchObject({ groups: ['dev', 'ops'], roles: [], name: 'Al' });
  expect((await run('customers set-tier acme free')).stdout).toBe('Customer acme is on tier free.\n');
  expect(await value('customers show acme')).toMatchObject({ tier: 'free' });
});

test('a customer is deleted when nothing refers to them, and until then the command names what does', async () => {
  const { address, store } = await accountsHarness();
  const { run, value } = runner(address);
  await value('customers create hooli --tier pro');
  const { id: project } = await value('projects create --customer hooli --name web');
  const { id: user } = await value(`users create --customer hooli --group g --user-project ${String(project)}`);
  const { id: place } = await value(`reservations create ${String(project)} --machine-type n1-standard-2 --places 1`);
  const bid = aBid({ customerId: 'hooli', project: String(project) });
  await store.write([
    put(USAGE, 'hooli', { instances: 1 }),
    put(BID, bid.id, bid),
    put(
      INSTANCE,
      'tw-1',
      anInstance({ id: 'tw-1', customerId: 'hooli', userId: String(user), project: String(project) }),
    ),
  ]);
  const refused = async (line: string) => {
    const { exitCode, stderr } = await run(line);
    expect(exitCode).toBe(3);
    return stderr;
  };

  expect(await refused('customers delete hooli')).toContain(
    `used by 1 user: ${String(user)}; customer hooli is used by 1 project: ${String(project)}; ` +
      'customer hooli is used by 1 instance: tw-1.',
  );
  expect(await refused(`projects delete ${String(project)}`)).toContain(
    `used by 1 instance: tw-1; project ${String(project)} is used by 1 reservation: ${String(place)}; ` +
      `project ${String(project)} is used by 1 spot bid: ${bid.id}; ` +
      `project ${String(project)} is used by 1 user: ${String(user)}.`,
  );

  await store.write([erase(ref(INSTANCE, 'tw-1'))]);
  await value(`reservations end ${String(project)} ${String(place)}`);
  await store.write([put(BID, bid.id, { ...bid, phase: 'ended' })]);
  await value(`users delete ${String(user)}`);
  await value(`projects delete ${String(project)}`);
  await value('customers delete hooli');

  expect(
    await store.getAll([
      ref(CUSTOMER, 'hooli'),
      ref(PROJECT, String(project)),
      ref(ORDERS, String(project)),
      ref(USAGE, 'hooli'),
    ]),
  ).toEqual(Array.from({ length: 4 }, () => undefined));
  expect((await run('customers delete hooli')).stderr).toContain('There is no customer hooli.');
  expect((await run(`projects delete ${String(project)}`)).stderr).toContain(`There is no project ${String(project)}.`);
});

describe('exit codes', () => {
  test('3: a user with instances is not deleted', async () => {
    const { address, store } = await aliceHarness();
    await store.write([put(INSTANCE, 'tw-1', anInstance({ id: 'tw-1', userId: ALICE }))]);

    const { exitCode, stderr } = await runner(address).run(`users delete ${ALICE}`);

    expect(exitCode).toBe(3);
    expect(stderr).toContain(`user ${ALICE} is used by 1 instance: tw-1.`);
  });

  test.each([
    ['customers create b --tier none', 'There is no tier none'],
    ['users create --customer nobody --group g', 'There is no customer nobody'],
    ['users create --customer acme --group g --role root', 'There is no role "root"; there is compute_admin'],
    [`keys create --user ${ALICE.replace(/.$/, '1')} --name k`, 'There is no user'],
    ['users show alice', 'UUID'],
  ])('1: %s', async (line, message) => {
    const { address } = await aliceHarness();

    const { exitCode, stdout, stderr } = await runner(address).run(line);

    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(message);
  });

  test.each([
    ['', 'Usage: accounts'],
    ['bogus', "unknown command 'bogus'"],
    ['customers create --tier t', 'missing required argument'],
    ['customers create a', "required option '--tier <tier>' not specified"],
    ['customers show a b', 'too many arguments'],
    ['customers list --limit 0', 'from 1 to 1000'],
    ['keys create --user u --name n --expires soon', '90d, 12h, 30m, 45s'],
    ['users set u', 'Say what to set'],
    ['sessions revoke', 'Say which session'],
  ])('2: "%s" is no command line', async (line, message) => {
    const environment = { GOOGLE_CLOUD_PROJECT: TEST_PROJECT, DATASTORE_EMULATOR_HOST: '127.0.0.1:1' };

    const { exitCode, stderr } = await runLine(accountsLine, line.split(' ').filter(Boolean), environment);

    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  test('with --json errors are JSON too', async () => {
    const { address } = await accountsHarness();

    const { stderr, exitCode } = await runner(address).run('customers show none --json');

    expect(exitCode).toBe(1);
    const last = stderr.trimEnd().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toEqual({ error: { reason: 'unknown_customer', message: 'There is no customer none.' } });
  });
});

describe('where the rows are', () => {
  test('--local finds the local cloud by its connection file', { timeout: PROCESSES_TIMEOUT_MS }, async () => {
    const { address } = await accountsHarness();
    const folder = mkdtempSync(path.join(tmpdir(), 'state-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(path.join(folder, 'connection.json'), JSON.stringify({ emulators: { datastore: address } }));

    const asLocal = await runScript('accounts', ['customers', 'list', '--local', '--state-dir', folder]);
    const byName = await runScript('catalog', ['export', '--local', '--state-dir', folder, '--project', TEST_PROJECT]);

    expect(asLocal).toEqual({ exitCode: 0, stdout: 'None.\n', stderr: '' });
    expect(LOCAL_PROJECT).not.toBe(TEST_PROJECT);
    expect(Object.keys((JSON.parse(byName.stdout) as { tiers: object }).tiers)).toEqual(['free', 'pro']);
  });

  test.each([
    ['--database (default)', ''],
    ['--env production', ''],
    ['--env staging', 'compute-api-staging'],
    ['--database other-one', 'other-one'],
  ])('%s is the database "%s", and is said where it is not the default one', async (options, database) => {
    const { address } = await accountsHarness();
    const environment = { DATASTORE_EMULATOR_HOST: address };
    const store = new Store({
      project: TEST_PROJECT,
      database,
      emulatorHost: address,
      random: () => 0,
      sleep: async () => undefined,
    });
    onTestFinished(() => store.close());
    await store.write([put(CUSTOMER, 'hooli', { id: 'hooli', name: 'Hooli', tier: 'free' })]);

    const args = ['customers', 'list', '--project', TEST_PROJECT, ...options.split(' ')];
    const { exitCode, stdout, stderr } = await runLine(accountsLine, args, environment);

    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain('Hooli');
    expect(stderr).toContain(`project ${TEST_PROJECT}${database === '' ? '.' : `, database ${database}.`}`);
  });

  test('--env and --database at once: says that one is enough', async () => {
    const args = ['customers', 'list', '--project', 'p', '--env', 'staging', '--database', 'x-database'];
    const { exitCode, stderr } = await runLine(accountsLine, args);

    expect(exitCode).toBe(2);
    expect(stderr).toContain('not both');
  });

  test('neither a project nor --local: says what to give', async () => {
    const { exitCode, stderr } = await runLine(accountsLine, ['customers', 'list']);

    expect(exitCode).toBe(2);
    expect(stderr).toContain('Give --project ID (or set GOOGLE_CLOUD_PROJECT), or --local');
  });

  test('no running local cloud: says how to start one', async () => {
    const { exitCode, stderr } = await runLine(accountsLine, [
      'customers',
      'list',
      '--local',
      '--state-dir',
      '/nonexistent',
    ]);

    expect(exitCode).toBe(1);
    expect(stderr).toContain('npm start');
  });

  test('no reply: says from which address', async () => {
    const port = await freePort();
    const environment = { DATASTORE_EMULATOR_HOST: `127.0.0.1:${port}` };

    const { exitCode, stderr } = await runLine(accountsLine, ['customers', 'list', '--project', 'p'], environment);

    expect(exitCode).toBe(1);
    expect(stderr).toContain(`No answer from the Datastore emulator at 127.0.0.1:${port}, project p.`);
  });

  test(
    'no credentials for a real project: says how to get them, without a stack',
    { timeout: PROCESSES_TIMEOUT_MS },
    async () => {
      const { exitCode, stderr } = await runScript('accounts', ['customers', 'list', '--project', 'p']);

      expect(exitCode).toBe(1);
      expect(stderr).toContain('gcloud auth application-default login');
      expect(stderr).not.toContain('    at ');
    },
  );
});

test('every command has help with an example', () => {
  let shown = '';
  const collect = (text: string) => (shown += text);
  const line = accountsLine({ environment: {}, stdout: collect, stderr: collect });
  const commands = leaves(line.program);

  expect(commands).toHaveLength(23);
  for (const { path: names, command } of commands) {
    shown = '';
    command.outputHelp();
    expect(shown).toContain(`npm run accounts -- ${names}`);
  }
});

/** Returns every command that does something (not a group), with its full name. */
function leaves(command: Command, path = ''): readonly { readonly path: string; readonly command: Command }[] {
  return command.commands.flatMap((child) => {
    const names = `${path} ${child.name()}`.trim();
    return child.commands.length === 0 ? [{ path: names, command: child }] : leaves(child, names);
  });
}
