import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import { catalogLine } from '#scripts/catalog/catalog-line.ts';
import type { CommandLine, Surroundings } from '#scripts/console/command-line.ts';
import { platformLine } from '#scripts/platform/platform-line.ts';
import { recountLine } from '#scripts/recount/recount-line.ts';
import { createApiKey } from '#shared/accounts/api-keys.ts';
import { createProject } from '#shared/accounts/projects.ts';
import { createReservation } from '#shared/accounts/orders.ts';
import { createSession } from '#shared/accounts/sessions.ts';
import { AUDIT_ENTRY } from '#shared/datastore/audit-rows.ts';
import { BRAKE, DEAD_LETTER, ORPHAN, SWEEP_BRAKE, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { SUSPENSION } from '#shared/datastore/account-rows.ts';
import { EntityClient } from '#shared/datastore/entity-client.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { newOrphan } from '#shared/lifecycle/new-orphan.ts';
import { anInstance } from '#test/support/an-instance.ts';
import type { AuditAction } from '#shared/domain/audit.ts';
import { aTier } from '#test/catalog/a-catalog.ts';
import { ALICE, aliceHarness } from '#test/accounts/an-account.ts';
import { computeCloud } from '#test/support/compute-cloud.ts';
import { TEST_PROJECT } from '#test/support/datastore.ts';
import { Records } from '#test/support/records.ts';
import { runLine } from '#test/support/run-line.ts';

type World = Awaited<ReturnType<typeof aliceHarness>>;

interface Scenario {
  /** Prepares the rows for the command and returns its arguments. */
  readonly args: (world: World) => Promise<readonly string[]>;
  readonly action: AuditAction;
  /** The command looks at Compute Engine. */
  readonly looksAtCloud?: true;
}

const PROJECT = 'proj_000000000001';

async function withProject({ context }: World): Promise<void> {
  await createProject(context, { customerId: 'acme', name: 'web', id: PROJECT });
}

async function aKey({ context }: World): Promise<string> {
  return (await createApiKey(context, { userId: ALICE, name: 'k', ttlMs: null })).row.id;
}

function catalogueFile(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'audit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'catalog.json');
  writeFileSync(file, JSON.stringify({ tiers: { pro: aTier({ maxInstances: 7 }) } }));
  return file;
}

/** Every command that changes something, with arguments for a change. */
const ACCOUNTS: Readonly<Record<string, Scenario>> = {
  'customers create': { args: async () => ['umbrella', '--tier', 'free'], action: 'customer.create' },
  'customers set-tier': { args: async () => ['acme', 'free'], action: 'customer.set_tier' },
  'customers delete': {
    args: async (world) => {
      await runLine(accountsLine, ['customers', 'create', 'gone', '--tier', 'free'], environmentOf(world));
      return ['gone'];
    },
    action: 'customer.delete',
  },
  'users create': { args: async () => ['--customer', 'acme', '--group', 'g1'], action: 'user.create' },
  'users set': { args: async () => [ALICE, '--group', 'g2'], action: 'user.update' },
  'users delete': {
    args: async (world) => {
      await aKey(world);
      return [ALICE];
    },
    action: 'user.delete',
  },
  'projects create': { args: async () => ['--customer', 'acme', '--name', 'web'], action: 'project.create' },
  'projects delete': {
    args: async (world) => {
      await withProject(world);
      return [PROJECT];
    },
    action: 'project.delete',
  },
  'reservations create': {
    args: async (world) => {
      await withProject(world);
      return [PROJECT, '--machine-type', 'n1-standard-2', '--places', '3'];
    },
    action: 'reservation.create',
  },
  'reservations end': {
    args: async (world) => {
      await withProject(world);
      const order = { project: PROJECT, machineType: 'n1-standard-2', places: 3, buybackCents: 1 };
      return [PROJECT, (await createReservation(world.context, order)).id];
    },
    action: 'order.end',
  },
  'keys create': { args: async () => ['--user', ALICE, '--name', 'laptop'], action: 'key.create' },
  'keys revoke': { args: async (world) => [await aKey(world)], action: 'key.revoke' },
  'keys rotate': { args: async (world) => [await aKey(world)], action: 'key.rotate' },
  'sessions create': { args: async () => ['--user', ALICE], action: 'session.create' },
  'sessions revoke': {
    args: async ({ context }) => [(await createSession(context, { userId: ALICE, ttlMs: 3_600_000 })).id],
    action: 'session.revoke',
  },
};

const CATALOG: Readonly<Record<string, Scenario>> = {
  apply: { args: async () => [catalogueFile()], action: 'catalog.apply' },
};

const OPERATION_ID = 'op-1';
const LETTER_ID = '4711';

/**
 * Creates a machine of acme with an unfinished stop and its dead letter. There is no VM, because these commands do not
 * read it.
 */
async function aStop({ store }: World, overrides: Partial<Instance> = {}): Promise<void> {
  const queue = [{ id: OPERATION_ID, kind: 'stop' as const }];
  const instance = anInstance({ queue, ...overrides });
  const made = { id: OPERATION_ID, actor: { type: 'user', id: ALICE }, requestId: 'r', atMs: Date.now() } as const;
  const letter = { operationId: OPERATION_ID, instanceId: instance.id, messageId: LETTER_ID, data: '', attributes: {} };
  await store.write([
    put(INSTANCE, instance.id, instance),
    put(OPERATION, OPERATION_ID, pendingOperation('stop', instance, made)),
    put(DEAD_LETTER, LETTER_ID, { ...letter, recordedAtMs: 1 }),
  ]);
}

function byHand(verb: 'start' | 'stop' | 'delete', status: Instance['status']): Scenario {
  return {
    args: async (world) => {
      await aStop(world, { queue: [], status });
      return [anInstance().id, '--yes'];
    },
    action: `instance.${verb}`,
  };
}

const about =
  (id: string): Scenario['args'] =>
  async (world) => {
    await aStop(world);
    return [id];
  };

const PLATFORM: Readonly<Record<string, Scenario>> = {
  'operations retry': { args: about(OPERATION_ID), action: 'operation.retry' },
  'operations cancel': { args: about(OPERATION_ID), action: 'operation.cancel' },
  'dead-letters replay': { args: about(LETTER_ID), action: 'dead_letter.replay' },
  'dead-letters discard': { args: about(LETTER_ID), action: 'dead_letter.discard' },
  'instances start': byHand('start', 'TERMINATED'),
  'instances stop': byHand('stop', 'RUNNING'),
  'instances delete': byHand('delete', 'RUNNING'),
  // What the look finds: the VM of the record is gone.
  'instances sync': { args: about(anInstance().id), action: 'instance.sync', looksAtCloud: true },
  'customers suspend': { args: async () => ['acme', '--reason', 'Unpaid.'], action: 'customer.suspend' },
  'customers resume': {
    args: async ({ store }) => {
      await store.write([put(SUSPENSION, 'acme', { reason: 'Unpaid.', sinceMs: 1, by: 'jane' })]);
      return ['acme'];
    },
    action: 'customer.resume',
  },
  'sweep release': {
    args: async ({ store }) => {
      const counts = { machines: 20, records: 0, unrecorded: 20, database: '', epochMs: 0 };
      const brake = { ...counts, engagedAtMs: 1, releasedAtMs: null, releasedBy: '' };
      await store.write([put(SWEEP_BRAKE, BRAKE, brake)]);
      return [];
    },
    action: 'sweep.release',
  },
  'sweep remove': {
    args: async ({ store }) => {
      const orphan = newOrphan({ name: 'vm-lost', zone: 'z' }, { why: 'unrecorded', atMs: 1, mayAppear: false });
      await store.write([put(ORPHAN, 'vm-lost', orphan)]);
      return ['vm-lost', '--yes'];
    },
    action: 'orphan.remove',
  },
};

/** This program has only one command. */
const RECOUNT: Readonly<Record<string, Scenario>> = {
  recount: {
    args: async ({ store }) => {
      await store.write([put(USAGE, 'acme', { instances: 7 })]);
      return ['--customer', 'acme'];
    },
    action: 'quota.recount',
  },
};

function environmentOf({ address }: World): Readonly<Record<string, string>> {
  return { DATASTORE_EMULATOR_HOST: address, GOOGLE_CLOUD_PROJECT: TEST_PROJECT };
}

const PROGRAMS: readonly {
  readonly make: (surroundings?: Surroundings) => CommandLine;
  readonly scenarios: Readonly<Record<string, Scenario>>;
}[] = [
  { make: accountsLine, scenarios: ACCOUNTS },
  { make: catalogLine, scenarios: CATALOG },
  { make: platformLine, scenarios: PLATFORM },
  { make: recountLine, scenarios: RECOUNT },
];

test.each(PROGRAMS)('every command of a program that changes something is walked here', ({ make, scenarios }) => {
  const walked = make().changingCommands();
  expect([...walked].sort()).toEqual(Object.keys(scenarios).sort());
});

const CASES = PROGRAMS.flatMap(({ make, scenarios }) =>
  Object.entries(scenarios).map(([command, scenario]) => ({ make, command, ...scenario })),
);

test.each(CASES)(
  '`$command` leaves exactly one entry, with its first commit: who, what, and no secret',
  async ({ make, command, ...one }) => {
    const world = await aliceHarness();
    const args = [...(command === 'recount' ? [] : command.split(' ')), ...(await one.args(world))];
    const records = new Records(world);
    const before = (await records.all(AUDIT_ENTRY)).map(({ id }) => id);

    const cloud = one.looksAtCloud === true ? await computeCloud() : undefined;
    const environment = { ...environmentOf(world), ...(cloud && { COMPUTE_EMULATOR_HOST: cloud.emulator.address }) };
    const commits = vi.spyOn(EntityClient.prototype, 'commit');
    onTestFinished(() => commits.mockRestore());
    const done = await runLine(make, args, environment);

    expect(done.exitCode, done.stderr).toBe(0);
    const entries = (await records.all(AUDIT_ENTRY)).filter(({ id }) => !before.includes(id));
    expect(entries.map(({ value }) => [value.action, value.actorType, value.actorId])).toEqual([
      [one.action, 'command_line', `local, ${userInfo().username}`],
    ]);
    // A process that dies after any of its commits has left the entry, or changed nothing.
    expect(commits.mock.calls[0]?.[0].map(({ ref: { kind } }) => kind.name)).toContain('AuditEntry');
    const text = JSON.stringify(entries);
    // Generated secrets and their hashes: sk_…, cs_…, and 64 hex digits. The id of a session is such a hash and may be
    // shown.
    expect(text).not.toMatch(/sk_|cs_|secretHash/);
  },
);

test('a command that changes nothing the second time leaves no second entry', async () => {
  const world = await aliceHarness();
  const records = new Records(world);
  const run = (line: string) => runLine(accountsLine, line.split(' '), environmentOf(world));
  await run('customers set-tier acme free');
  const before = (await records.all(AUDIT_ENTRY)).length;

  expect((await run('customers set-tier acme free')).exitCode).toBe(0);

  expect(await records.all(AUDIT_ENTRY)).toHaveLength(before);
});

test('a change whose commit fails leaves no entry, and one whose answer was lost leaves one', async () => {
  const world = await aliceHarness();
  const records = new Records(world);
  const run = (line: string) => runLine(accountsLine, line.split(' '), environmentOf(world));
  const entries = async () =>
    (await records.all(AUDIT_ENTRY)).filter(({ value }) => value.action === 'customer.set_tier').length;

  world.faults.add([{ service: 'datastore', method: 'commit', kind: 'error', count: 1, status: 7 }]);
  expect((await run('customers set-tier acme free')).exitCode).toBe(1);
  expect(await entries()).toBe(0);

  world.faults.add([{ service: 'datastore', method: 'commit', kind: 'lostAnswer', count: 1 }]);
  expect((await run('customers set-tier acme free')).exitCode).toBe(0);
  expect(await entries()).toBe(1);
});
