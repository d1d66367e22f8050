import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import { catalogLine } from '#scripts/catalog/catalog-line.ts';
import type { CommandLine, Surroundings } from '#scripts/console/command-line.ts';
import type { World } from '#scripts/deploy/deploy-context.ts';
import { DeployLine } from '#scripts/deploy/deploy-line.ts';
import { recordLine } from '#scripts/deploy/record-line.ts';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { platformLine } from '#scripts/platform/platform-line.ts';
import { recountLine } from '#scripts/recount/recount-line.ts';
import { rateCounterRef } from '#shared/actions/rate-limiter.ts';
import { DEAD_LETTER, ORPHAN, RATE_COUNTER, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { erase, put, ref } from '#shared/datastore/write.ts';
import { windowAt } from '#shared/domain/rate-limit.ts';
import { aCatalog } from '#test/catalog/a-catalog.ts';
import { tableRows } from '#test/infra/markdown-table.ts';
import { computeClients, instanceBody, ZONE } from '#test/support/compute-cloud.ts';
import { ComputeUser, operationOf, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';
import { runLine } from '#test/support/run-line.ts';
import type { ScriptResult } from '#test/support/run-script.ts';

/*
 * The runbook of README.md on a local cloud: for each row the fault, the row's own command, what it shows, the row's own
 * repair, and the end of the fault.
 */

const HOUR_SECONDS = 3_600;
const cloud = sharedLocalCloud({ args: [...QUICK_MACHINES, '--sweep-seconds', String(HOUR_SECONDS)] });

let records: Records;
let alice: ComputeUser;
let carol: ComputeUser;
beforeAll(() => {
  records = new Records(cloud().connection);
  alice = new ComputeUser(cloud(), 'alice');
  carol = new ComputeUser(cloud(), 'carol');
});
afterAll(() => records.close());
afterEach(async () => {
  await cloud().clearFaults();
  for (const { id } of await records.instances())
    await cloud().request('admin', 'DELETE', `/api/compute/v1/admin/instances/${id}`);
});

const LINES: Readonly<Record<string, (surroundings?: Surroundings) => CommandLine>> = {
  accounts: accountsLine,
  catalog: catalogLine,
  platform: platformLine,
  recount: recountLine,
};

/** Runs `npm run PROGRAM -- WORDS` on the local cloud, in this process. */
function run(program: string, ...words: readonly string[]): Promise<ScriptResult> {
  const place = ['--local', '--state-dir', cloud().stateFolder];
  if (program === 'deploy') return deploy([...words, '--state-dir', cloud().stateFolder]);
  return runLine(LINES[program] ?? expect.fail(`There is no program ${program}.`), [...words, ...place]);
}

/** The deploy command without a build: everything was built before the tests. */
async function deploy(words: readonly string[]): Promise<ScriptResult> {
  let stderr = '';
  const world: World = {
    root: process.cwd(),
    environment: {},
    node: process.execPath,
    note: (line) => (stderr += `${line}\n`),
    run: async (_, [script = '', ...args]) => {
      if (script !== 'scripts/deploy/record-change.ts') return { code: 0, stdout: '', stderr: '' };
      const done = await runLine(recordLine, args);
      return { ...done, code: done.exitCode ?? 1 };
    },
    fetch: (url, headers, body) => fetch(url, { headers, method: 'POST', body: body ?? '' }),
    ask: async () => undefined,
    sleep: async () => undefined,
    nowMs: Date.now,
  };
  const line = new DeployLine(world, { stdout: () => undefined, stderr: (text) => (stderr += text) });
  return { exitCode: await line.run(words), stdout: '', stderr };
}

/** A sweep that begins from now on has ended. */
async function swept(): Promise<void> {
  const before = await records.sweptAtMs();
  await cloud().advance(HOUR_SECONDS);
  await eventually(async () => ((await records.sweptAtMs()) > before ? true : undefined));
}

async function status(id: string): Promise<string | undefined> {
  return (await cloud().machines()).find(({ name }) => name === id)?.status;
}

function until(isTrue: () => Promise<boolean>): Promise<true> {
  return eventually(async () => ((await isTrue()) ? true : undefined));
}

async function shows(text: RegExp, program: string, ...words: readonly string[]): Promise<boolean> {
  return text.test((await run(program, ...words)).stdout);
}

/** What the capitals of a row stand for. */
type Values = Readonly<Record<string, string>>;

interface Walk {
  readonly make: () => Promise<Values>;
  readonly sees: (values: Values) => RegExp;
  /** What the repair says if a sweep was sooner, which runs by itself once no fault keeps it from its work. */
  readonly sooner?: RegExp;
  /** Which command of the row's repair: 0 is the first. */
  readonly repair?: number;
  readonly isOver: (values: Values) => Promise<unknown>;
}

/** A stop that is accepted and not published: it waits for the next sweep. */
async function undelivered(): Promise<{ readonly id: string; readonly operation: string }> {
  const id = await alice.running();
  await cloud().addFaults({ service: 'pubsub', method: 'publish', kind: 'error', count: 10_000, status: 7 });
  return { id, operation: operationOf(await alice.power(id, 'stop')) };
}

/** A VM that was stopped behind our back, while the audit log is silent. */
async function drifted(): Promise<Values> {
  const ID = await alice.running();
  await cloud().addFaults({ service: 'pubsub', method: 'push', kind: 'error', count: 10_000 });
  await cloud().drift(ID, 'stop');
  await until(async () => (await status(ID)) === 'TERMINATED');
  return { ID };
}

const isRecordedAsStopped = async ({ ID = '' }: Values) =>
  until(async () => (await alice.shown(ID)).status === 'TERMINATED');
const ended = async ({ operation = '' }: Values) =>
  until(async () => (await alice.operation(operation)).state === 'completed');

const LOST = 'tw-550e84-ffffffff';

const WALKS: Readonly<Record<string, Walk>> = {
  'anything, or nobody knows': {
    make: drifted,
    sees: ({ ID = '' }) => new RegExp(`Instance ${ID}: the record is not what the VM shows`),
    isOver: isRecordedAsStopped,
  },
  'a user quotes an error id, or any id or address': {
    make: async () => {
      const { headers } = await alice.get(LOST);
      const WORD = headers.get('x-error-id') ?? '';
      await until(() => shows(/instance_not_found/, 'platform', 'find', WORD));
      return { WORD };
    },
    sees: ({ WORD = '' }) => new RegExp(`compute-instances-get.*${WORD}|${WORD}.*compute-instances-get`),
    isOver: async () => undefined,
  },
  'an operation stays pending': {
    make: async () => {
      const { operation } = await undelivered();
      await cloud().advance(301);
      return { ID: operation, operation };
    },
    sees: ({ ID = '' }) => new RegExp(`${ID} .*stop`),
    sooner: /is completed: nothing is done/,
    isOver: ended,
  },
  'operations fail: no capacity, quota, permission': {
    make: async () => {
      const ID = await alice.running();
      await alice.powered(ID, 'stop');
      const fault = { service: 'compute', method: 'instances.start', kind: 'operationError', count: 100 } as const;
      await cloud().addFaults({ ...fault, code: 'QUOTA_EXCEEDED', httpStatus: 403 });
      expect((await alice.powered(ID, 'start')).state).toBe('failed');
      return { ID };
    },
    sees: ({ ID = '' }) => new RegExp(`${ID}.*cloud_quota_exceeded`),
    isOver: ({ ID = '' }) => until(async () => (await status(ID)) === 'RUNNING'),
  },
  '`a message ended in the dead letter topic`': {
    make: async () => {
      const { id, operation } = await undelivered();
      const letter = { operationId: operation, instanceId: id, messageId: '4711', data: '{}', attributes: {} };
      await records.store.write([put(DEAD_LETTER, '4711', { ...letter, recordedAtMs: await cloud().nowMs() })]);
      return { ID: '4711', operation };
    },
    sees: ({ operation = '' }) => new RegExp(`4711 .*${operation}.*pending`),
    isOver: ended,
  },
  'a record is not what the VM is': {
    make: drifted,
    sees: () => /RUNNING[^]*TERMINATED/,
    isOver: isRecordedAsStopped,
  },
  'a VM or disk without a record': {
    make: async () => {
      // Without any record the brake would hold the sweep.
      await alice.running();
      const { instances } = computeClients(cloud().connection.emulators.compute);
      onTestFinished(() => instances.close());
      const instanceResource = instanceBody(LOST, { labels: { 'compute-api': 'local' } });
      await instances.insert({ project: LOCAL_PROJECT, zone: ZONE, instanceResource });
      await swept();
      await until(async () => (await records.store.get(ref(ORPHAN, LOST))) !== undefined);
      return { NAME: LOST };
    },
    sees: () => new RegExp(`${LOST}\\); the sweep has 1`),
    isOver: async () => {
      await swept();
      await until(async () => (await status(LOST)) === undefined);
    },
  },
  '`too many VMs without a record`': {
    make: async () => {
      await alice.running();
      await alice.running();
      const lost = await records.instances();
      await records.store.write(lost.map(({ id }) => erase(ref(INSTANCE, id))));
      onTestFinished(() => records.store.write(lost.map(({ id, value }) => put(INSTANCE, id, value))));
      await swept();
      return {};
    },
    sees: () => /brake: +on\n[^]*without record: +2/,
    isOver: () => until(() => shows(/brake: +released/, 'platform', 'sweep', 'status')),
  },
  'a customer is refused: suspended': {
    make: async () => {
      await run('platform', 'customers', 'suspend', 'umbrella', '--reason', 'Unpaid.');
      return { ID: 'umbrella' };
    },
    sees: () => /suspended: +since .* by local, .*: Unpaid\./,
    isOver: () => until(async () => (await carol.create()).status === 201),
  },
  'a customer is refused: quota or limits': {
    make: async () => {
      const { index } = windowAt(await cloud().nowMs());
      for (const minute of [index, index + 1]) {
        const { id } = rateCounterRef('umbrella', 'reset', minute);
        await records.store.write([put(RATE_COUNTER, id, { count: 640, ahead: 0 })]);
      }
      return { ID: 'umbrella', TIER: 'pro' };
    },
    sees: () => /this minute: .*640 reset/,
    isOver: () => until(() => shows(/tier: +pro/, 'platform', 'customers', 'show', 'umbrella')),
  },
  'a key has expired': {
    make: async () => {
      const USER = cloud().connection.principals.carol.userId;
      await run('accounts', 'keys', 'create', '--user', USER, '--name', 'ci', '--expires', '45s');
      await cloud().advance(60);
      return { ID: 'umbrella', USER, NAME: 'ci' };
    },
    sees: () => / expired .* ci /,
    isOver: () => until(() => shows(/ valid .* ci /, 'platform', 'customers', 'show', 'umbrella')),
  },
  'a customer must be stopped': {
    make: async () => {
      const machine = await carol.running();
      onTestFinished(async () => {
        await run('platform', 'customers', 'resume', 'umbrella');
      });
      return { ID: 'umbrella', TEXT: 'Abuse report 4711.', machine };
    },
    sees: () => /instances: +1 running/,
    isOver: ({ machine = '' }) => until(async () => (await status(machine)) === 'TERMINATED'),
  },
  'a quota is wrong': {
    make: async () => {
      await records.store.write([put(USAGE, 'umbrella', { instances: 7 })]);
      return { ID: 'umbrella' };
    },
    sees: () => /umbrella +7 +0/,
    isOver: async () => expect(await records.usageOf('umbrella')).toBe(0),
  },
  'templates that nobody can order': {
    make: async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'runbook-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      const file = (image: string) => {
        const template = { ...aCatalog().templates['ubuntu-22-standard'], image };
        const name = path.join(folder, `${image.split('/').at(-1) ?? ''}.json`);
        writeFileSync(name, JSON.stringify({ templates: { gone: template } }));
        return name;
      };
      const family = 'projects/ubuntu-os-cloud/global/images/family';
      await run('catalog', 'apply', file(`${family}/ubuntu-1604-lts`));
      return { FILE: file(`${family}/ubuntu-2204-lts`) };
    },
    sees: () => /\/templates\/gone\/image.*ubuntu-1604-lts/,
    isOver: async () => expect((await run('catalog', 'check', '--cloud')).exitCode).toBe(0),
  },
  'slow starts, wrong addresses, a missing index': {
    make: async () => {
      await cloud().control('POST', '/deploy', { environment: { FORWARDED_HOPS: '1' } });
      return {};
    },
    sees: () => /FORWARDED_HOPS is smaller than the number of proxies.* It is 1, and proxies append 2 addresses/,
    repair: 1,
    isOver: async () => expect((await run('platform', 'doctor')).stdout).not.toContain('FORWARDED_HOPS'),
  },
  'who did that?': {
    make: async () => ({}),
    sees: () => /deploy\.local[^]*customer\.suspend/,
    isOver: async () => undefined,
  },
};

const README = readFileSync(path.join(process.cwd(), 'README.md'), 'utf8');
const [, ...ROWS] = tableRows(/^\| symptom [^]*?\n\n/m.exec(README)?.[0] ?? '');

/** The commands in a cell, each as the words of its program and arguments. */
function commandsIn(cell: string): readonly (readonly [program: string, words: readonly string[]])[] {
  return [...cell.matchAll(/`npm run (\w+)(?: -- ([^`]+))?`/g)].map(([, program = '', words = '']) => [
    program,
    words.split(' '),
  ]);
}

function filled(words: readonly string[], values: Values): readonly string[] {
  return words.map((word) => values[word] ?? (/^[A-Z]+$/.test(word) ? expect.fail(`What is ${word}?`) : word));
}

test('every row of the runbook is walked, and every walk is of a row', () => {
  expect(ROWS.map(([symptom]) => symptom)).toEqual(Object.keys(WALKS));
});

test.each(ROWS)('runbook: %s', async (symptom = '', command = '', _seen, repair = '') => {
  const walk = WALKS[symptom] ?? expect.fail(`Nobody has walked: ${symptom}`);
  const values = await walk.make();
  const [look] = commandsIn(command);
  if (look === undefined) throw new Error(`The row names no command: ${command}`);

  const seen = await run(look[0], ...filled(look[1], values));
  expect(seen.stdout, seen.stderr).toMatch(walk.sees(values));

  await cloud().clearFaults();
  const remedy = commandsIn(repair)[walk.repair ?? 0];
  if (remedy === undefined) {
    expect(repair).toMatch(/^none: /);
    return;
  }
  const repaired = await run(remedy[0], ...filled(remedy[1], values));
  // The doctor exits with 3 where it finds something.
  const codes = remedy[1][0] === 'doctor' ? [0, 3] : [0];
  if (walk.sooner?.test(repaired.stderr) !== true) expect(codes, repaired.stderr).toContain(repaired.exitCode);
  await walk.isOver(values);
});

test('a suspended customer can stop, read and delete, is told why nothing else, and has all of it back after', async () => {
  const base = '/api/compute/v1/instances';
  const asCarol = (method: string, path: string, body?: unknown) =>
    cloud().request('carol', method, base + path, body === undefined ? {} : { body });
  await run('accounts', 'customers', 'set-tier', 'umbrella', 'pro');
  const [kept, gone] = [await carol.running(), await carol.running()];
  const suspend = ['customers', 'suspend', 'umbrella', '--reason', 'Unpaid since January.', '--stop-instances'];
  expect((await run('platform', ...suspend)).exitCode).toBe(0);

  // Functions remember credentials for ten seconds.
  const refused = await eventually(async () => {
    const answer = await carol.create();
    if (answer.status === 201) await carol.delete((answer.body as { readonly id: string }).id);
    return answer.status === 403 ? answer : undefined;
  });
  const others = [
    await asCarol('PATCH', `/${kept}`, { labels: { team: 'blue' } }),
    await carol.power(kept, 'start'),
    await carol.power(kept, 'restart'),
  ];
  for (const { status: code, headers, body } of [refused, ...others]) {
    expect([code, headers.get('retry-after')]).toEqual([403, null]);
    expect(JSON.stringify(body)).toContain('customer_suspended');
    expect(headers.get('x-error')).toContain('Unpaid since January.');
  }
  await swept();
  for (const id of [kept, gone]) expect(await status(id)).toBe('TERMINATED');
  expect(await carol.shown(kept)).toMatchObject({ status: 'TERMINATED', allowedActions: ['stop', 'delete'] });
  expect((await carol.history(kept)).map(({ cause }) => cause)).toContain('suspension');
  expect((await carol.delete(gone)).status).toBe(204);

  expect((await run('platform', 'customers', 'resume', 'umbrella', '--reason', 'Paid.')).exitCode).toBe(0);

  expect(await status(kept)).toBe('TERMINATED');
  await until(async () => (await asCarol('PATCH', `/${kept}`, { labels: { team: 'blue' } })).status < 300);
  await until(async () => (await carol.power(kept, 'start')).status === 202);
  await until(async () => (await status(kept)) === 'RUNNING');
  const trail = await run('platform', 'audit', 'list', '--object', 'customer umbrella', '--limit', '2', '--json');
  const { items } = JSON.parse(trail.stdout) as { readonly items: readonly object[] };
  expect(items).toMatchObject([
    { action: 'customer.resume', reason: 'Paid.', before: { suspended: true }, after: { suspended: false } },
    { action: 'customer.suspend', reason: 'Unpaid since January.', after: { suspended: true, stopInstances: true } },
  ]);
});
