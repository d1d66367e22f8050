import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rateCounterRef } from '#shared/actions/rate-limiter.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { API_KEY, SUSPENSION } from '#shared/datastore/account-rows.ts';
import { AUDIT_ENTRY } from '#shared/datastore/audit-rows.ts';
import { DEAD_LETTER, RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { erase, put, ref } from '#shared/datastore/write.ts';
import type { AuditAction } from '#shared/domain/audit.ts';
import { LEASE_MS } from '#shared/domain/lease.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { windowAt } from '#shared/domain/rate-limit.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { aCatalog, aTier } from '#test/catalog/a-catalog.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { type CloudAndRecordsOptions, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { ZONE } from '#test/support/compute-cloud.ts';
import { testAuditor } from '#test/support/test-auditor.ts';
import { aDesk, type Findings, ID } from './a-desk.ts';
import { commandIn } from './run-repair.ts';

/*
 * What an operator meets: each fault is made, found with at most two commands, repaired with one, and the repair is on
 * record in the audit trail. Nothing but the command repairs: what runs afterwards is the worker or the sweep, as deployed.
 */

type Desk = Awaited<ReturnType<typeof aDesk>>;

interface Fault {
  readonly make: (desk: Desk) => Promise<unknown>;
  /** Commands of the desk, at most two. The last one shows what is wrong, and says how to repair it unless `repair` does. */
  readonly find: readonly string[];
  readonly shows: RegExp;
  /** The command, where it needs what no finding can know; default: the one that the finding names. */
  readonly repair?: (desk: Desk, named: string) => string;
  readonly action: AuditAction;
  /** Whether it is over: by default, the doctor finds nothing. */
  readonly isOver?: (desk: Desk, repaired: string) => Promise<boolean>;
  readonly world?: CloudAndRecordsOptions;
}

const OLD_MS = 20 * 60_000;
const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 86_400_000 };
const ORPHAN = 'tw-550e84-ffffffff';

async function nothingIsAtFault(desk: Desk): Promise<boolean> {
  return (await desk.doctor()).findings.length === 0;
}

/** The operation that the repair has brought on its way, or has accepted, comes to its end. */
async function operationEnds(desk: Desk, repaired: string): Promise<boolean> {
  const id = /accepted as (op-[0-9a-z-]+)/.exec(repaired)?.[1] ?? 'op-1';
  return (await desk.work(id)) === 'completed';
}

/** A start that Compute Engine has refused; what it was refused for is over. */
function refused(code: string, httpStatus: number, reason: string): Fault {
  return {
    make: async (desk) => {
      desk.cloud.emulator.drift(ID, 'stop');
      desk.advance(10);
      await sweep(SETTINGS, desk.tools);
      await desk.accepted('start');
      desk.cloud.faults.add([
        { service: 'compute', method: 'instances.start', kind: 'operationError', count: 50, code, httpStatus },
      ]);
      expect(await desk.work('op-1')).toBe('failed');
      desk.cloud.faults.clear();
      await desk.swept();
    },
    find: ['doctor'],
    shows: new RegExp(reason),
    action: 'instance.start',
    isOver: operationEnds,
  };
}

/** A row of the catalogue that names what Compute Engine does not have. */
function namesWhatIsGone(template: object, config: object, shows: RegExp): Fault {
  const { templates, configs } = aCatalog();
  const rows = (changedTemplate: object, changedConfig: object) => ({
    templates: { t: { ...templates['ubuntu-22-standard'], ...changedTemplate } },
    configs: { c: { ...configs['default-network'], ...changedConfig } },
  });
  return {
    make: ({ store }) => applyCatalog(store, rows(template, config) as Catalog, { auditor: testAuditor() }),
    find: ['doctor'],
    shows,
    repair: (_, named) => named.replace('FILE', catalogueFile(rows({}, {}))),
    action: 'catalog.apply',
  };
}

function catalogueFile(rows: object): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'desk-catalogue-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'catalog.json');
  writeFileSync(file, JSON.stringify(rows));
  return file;
}

/** A stop that has not ended for twenty minutes. */
function stands(changes: (desk: Desk) => Partial<Operation>): Omit<Fault, 'find' | 'shows'> {
  return {
    make: (desk) => desk.accepted('stop', { createdAtMs: desk.tools.nowMs() - OLD_MS, ...changes(desk) }),
    action: 'operation.retry',
    isOver: operationEnds,
  };
}

/** What has no record is kept for days, and goes with the next sweep after the command. */
async function sweptAway(desk: Desk): Promise<boolean> {
  desk.advance(60);
  await sweep(SETTINGS, desk.tools);
  desk.advance(10);
  return nothingIsAtFault(desk);
}

function wrongHops(hops: number, shows: RegExp): Fault {
  return {
    make: async (desk) => {
      await desk.localCloud();
      desk.functions.forwardedHops = hops;
    },
    find: ['doctor --local'],
    shows,
    action: 'deploy.local',
    isOver: nothingIsAtFaultLocally,
  };
}

const EXPIRED = 'ak_live_0123456789abcdef';

/** The twenty faults of the operators' contract, by the names that it has for them. */
const FAULTS: Readonly<Record<string, Fault>> = {
  stockout: refused('ZONE_RESOURCE_POOL_EXHAUSTED', 503, 'zone_exhausted'),
  'permission refused': refused('PERMISSIONS_ERROR', 403, 'cloud_permission_denied'),
  quota: refused('QUOTA_EXCEEDED', 403, 'cloud_quota_exceeded'),
  'dead letter': {
    make: async (desk) => {
      await desk.accepted('stop');
      const letter = { operationId: 'op-1', instanceId: ID, messageId: '4711', data: '{}', attributes: {} };
      await desk.store.write([put(DEAD_LETTER, '4711', { ...letter, recordedAtMs: desk.tools.nowMs() })]);
    },
    find: ['doctor'],
    shows: /Dead letter 4711 .* its operation is pending/,
    action: 'dead_letter.replay',
    isOver: operationEnds,
  },
  'worker killed': {
    ...stands(() => ({ state: 'running', attempts: 1, leaseToken: 'dead', leaseUntilMs: 1 })),
    find: ['doctor'],
    shows: /op-1 .* after 1 attempts/,
  },
  'lost publish': { ...stands(() => ({})), find: ['doctor'], shows: /op-1 .* after 0 attempts/ },
  'missing index': {
    world: { compositeIndexes: COMPOSITE_INDEXES.filter(({ kind }) => kind !== 'AuditEntry') },
    make: async () => undefined,
    find: ['doctor'],
    shows: /A query of AuditEntry by actorId, id has no index/,
    action: 'deploy.apply',
  },
  drift: {
    make: async (desk) => {
      desk.cloud.emulator.drift(ID, 'stop');
      desk.advance(10);
    },
    find: ['doctor'],
    shows: /the record is not what the VM shows/,
    action: 'instance.sync',
  },
  'orphaned VM': {
    make: async (desk) => {
      // A database that no sweep has seen whole is not believed to be this deployment's.
      await sweep(SETTINGS, desk.tools);
      await desk.cloud.insert(ORPHAN, { labels: OUR_LABEL });
      desk.advance(600);
      await sweep(SETTINGS, desk.tools);
    },
    find: ['doctor', `find ${ORPHAN}`],
    shows: /orphaned VM: unrecorded/,
    action: 'orphan.remove',
    isOver: sweptAway,
  },
  'orphaned disk': {
    make: async (desk) => {
      await sweep(SETTINGS, desk.tools);
      const place = { zone: ZONE, name: 'vol-lost' };
      await desk.disks.insert(place, { sizeGb: 10, diskType: 'pd-balanced' }, '7c9e6679-7425-40de-944b-e07fc1f90ae0');
      desk.advance(600);
      await sweep(SETTINGS, desk.tools);
    },
    find: ['doctor', 'sweep status'],
    shows: /disks to remove: +vol-lost/,
    action: 'orphan.remove',
    isOver: sweptAway,
  },
  'lost records': {
    make: async (desk) => {
      await sweep(SETTINGS, desk.tools);
      await desk.store.write([erase(ref(INSTANCE, ID))]);
      await sweep(SETTINGS, desk.tools);
    },
    find: ['sweep status', 'doctor'],
    shows: /The brake is on .* 1 of 1 machines have no record/,
    repair: () => 'npm run platform -- sweep release',
    action: 'sweep.release',
    isOver: async (desk) => !(await desk.run('doctor')).stdout.includes('brake is on'),
  },
  'suspended customer': {
    make: ({ store }) => store.write([put(SUSPENSION, 'acme', { reason: 'Unpaid.', sinceMs: 1, by: 'jane' })]),
    find: ['doctor'],
    shows: /Customer acme is suspended .* by jane: Unpaid\./,
    action: 'customer.resume',
  },
  'expired key': {
    make: async ({ store, tools }) => {
      const key = { id: EXPIRED, userId: anInstance().userId, customerId: 'acme', name: 'ci, "build"' };
      const [expiresAtMs, lastUsedAtMs] = [tools.nowMs() - 60_000, tools.nowMs() - 120_000];
      const times = { createdAtMs: 1, expiresAtMs, revokedAtMs: null, lastUsedAtMs };
      await store.write([put(API_KEY, key.id, { ...key, secretHash: 'x', ...times })]);
    },
    find: ['customers show acme', 'doctor'],
    shows: new RegExp(`Key ${EXPIRED} .* of customer acme expired \\d+s ago`),
    action: 'key.create',
    isOver: async (desk) => (await desk.all(API_KEY)).filter(({ value }) => value.name === 'ci, "build"').length === 2,
  },
  'wrong FORWARDED_HOPS, too large': wrongHops(
    3,
    /FORWARDED_HOPS is larger than .*: functions believe .* It is 3, and/,
  ),
  'wrong FORWARDED_HOPS, too small': wrongHops(
    1,
    /FORWARDED_HOPS is smaller than .* share one counter .* append 2 addr/,
  ),
  'stuck lease': {
    ...stands((desk) => ({
      state: 'running',
      leaseToken: 'stuck',
      leaseUntilMs: desk.tools.nowMs() + LEASE_MS,
    })),
    find: ['operations list --only open', 'operations show op-1'],
    shows: /20m ago[^]*lease: +held until/,
    repair: () => 'npm run platform -- operations retry op-1',
  },
  'clock of a function wrong': {
    make: async (desk) => {
      desk.functions.clockAheadMs = OLD_MS;
      await desk.swept();
    },
    find: ['doctor'],
    shows: /The clock of reconciler-sweep is 20m ahead/,
    action: 'deploy.apply',
  },
  'rate counter hot': {
    make: async ({ store, tools }) => {
      const { id } = rateCounterRef('acme', 'create', windowAt(tools.nowMs()).index);
      await store.write([put(RATE_COUNTER, id, { count: 640, ahead: 0 })]);
      await store.write([
        put(TIER, 'large', { ...aTier({ perMinute: { ...aTier().perMinute, create: 1_000 } }), name: 'large' }),
      ]);
    },
    find: ['customers show acme'],
    shows: /this minute: +640 create/,
    repair: () => 'npm run accounts -- customers set-tier acme large',
    action: 'customer.set_tier',
    isOver: async (desk) => /tier: +large/.test((await desk.run('customers', 'show', 'acme')).stdout),
  },
  'image family gone': namesWhatIsGone(
    { image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-1604-lts' },
    {},
    /ubuntu-1604-lts/,
  ),
  'network gone': namesWhatIsGone({}, { network: 'global/networks/gone' }, /networks\/gone/),
  'code cache rejected': {
    make: async (desk) => {
      const { log } = await desk.localCloud();
      log({ message: 'the shipped code cache was rejected', node: 'v24.0.0' });
    },
    find: ['doctor --local'],
    shows: /Node.js v24.0.0 rejected the shipped code cache of 1 functions/,
    action: 'deploy.local',
    isOver: nothingIsAtFaultLocally,
  },
};

async function nothingIsAtFaultLocally(desk: Desk): Promise<boolean> {
  const { stdout } = await desk.runLocal('doctor', '--json');
  return (JSON.parse(stdout) as Findings).findings.length === 0;
}

test('nothing is at fault on a platform that works', async () => {
  const desk = await aDesk();

  const { exitCode, stdout } = await desk.run('doctor');

  expect(stdout).toBe('Nothing is at fault.\n');
  expect(exitCode).toBe(0);
});

test('there are twenty faults', () => {
  // One of them can be wrong in two directions.
  expect(new Set(Object.keys(FAULTS).map((name) => name.split(',')[0])).size).toBe(20);
});

test.each(Object.entries(FAULTS))(
  '%s: found with at most two commands, repaired with one, on record once',
  async (_, fault) => {
    const desk = await aDesk(fault.world);
    await fault.make(desk);
    const before = new Set((await desk.all(AUDIT_ENTRY)).map(({ id }) => id));

    expect(fault.find.length).toBeLessThanOrEqual(2);
    let shown = '';
    for (const line of fault.find) {
      const run = line.endsWith(' --local') ? desk.runLocal : desk.run;
      const done = await run(...line.replace(' --local', '').split(' '));
      expect([0, 3], done.stderr).toContain(done.exitCode);
      shown += done.stdout;
    }
    expect(shown).toMatch(fault.shows);

    const named = commandIn(/→ (.*)/.exec(shown)?.[1] ?? '');
    const repaired = await desk.repair(fault.repair?.(desk, named) ?? named);

    expect(repaired.exitCode, repaired.stderr).toBe(0);
    expect(await (fault.isOver ?? nothingIsAtFault)(desk, repaired.stdout)).toBe(true);
    const entries = (await desk.all(AUDIT_ENTRY)).filter(({ id }) => !before.has(id));
    expect(entries.map(({ value }) => value.action)).toEqual([fault.action]);
    expect(entries[0]?.value.actorType).toBe('command_line');
  },
);

describe('the desk keeps from', () => {
  test('removing what has a record, and what the sweep has not found', async () => {
    const desk = await aDesk();

    const own = await desk.run('sweep', 'remove', ID, '--yes');
    const unknown = await desk.run('sweep', 'remove', ORPHAN, '--yes');

    expect([own.exitCode, unknown.exitCode]).toEqual([1, 1]);
    expect(own.stderr).toContain('it is no orphan');
    expect(await desk.audited()).toEqual([]);
  });

  test('replaying a dead letter whose operation has ended: nothing is published, and it can be discarded', async () => {
    const desk = await aDesk();
    await desk.accepted('stop');
    const letter = { operationId: 'op-1', instanceId: ID, messageId: '4711', data: '{}', attributes: {} };
    await desk.store.write([put(DEAD_LETTER, '4711', { ...letter, recordedAtMs: desk.tools.nowMs() })]);
    expect(await desk.work('op-1')).toBe('completed');

    expect((await desk.run('dead-letters', 'replay', '4711')).stdout).toContain('nothing was published');
    expect((await desk.run('dead-letters', 'discard', '4711')).exitCode).toBe(0);

    expect((await desk.doctor()).findings).toEqual([]);
  });
});

test('no sweep: found by doctor', async () => {
  const desk = await aDesk();
  desk.advance(3_600);

  expect((await desk.doctor()).findings[0]?.finding).toBe('The last sweep ran 60m ago.');
});
