import { describe, expect, test } from 'vitest';
import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import { examine } from '#scripts/platform/doctor/examine.ts';
import { NO_INJECTED_FAULTS } from '#scripts/platform/doctor/finding.ts';
import { rateCounterRef } from '#shared/actions/rate-limiter.ts';
import { API_KEY, SUSPENSION } from '#shared/datastore/account-rows.ts';
import { DEAD_LETTER, JOB_STATE, RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { erase, put, ref } from '#shared/datastore/write.ts';
import { LEASE_MS } from '#shared/domain/lease.ts';
import { windowAt } from '#shared/domain/rate-limit.ts';
import { JOB as SWEEP_JOB } from '#shared/workers/sweep-report.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { aCatalog, aTier } from '#test/catalog/a-catalog.ts';
import { testAuditor } from '#test/support/test-auditor.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { ZONE } from '#test/support/compute-cloud.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { runLine } from '#test/support/run-line.ts';
import { aDesk, type Findings, ID } from './a-desk.ts';

/*
 * Tests the operators' commands with twenty faults: each is injected, found with at most two commands, and repaired
 * with the command that the doctor names. If the repair is a change, it is in the audit trail.
 */

const OLD_MS = 20 * 60_000;
const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 86_400_000 };

/** Tools that report nothing, to which a test adds its fault. */
const QUIET = {
  catalogFindings: async () => ({ impossible: [], warnings: [] }),
  logLines: () => [],
  probedAddress: async () => undefined,
  injectedFaults: async () => NO_INJECTED_FAULTS,
};

/** Returns the arguments of a repair that is, or begins with, one of the operators' commands. */
function argumentsOf(repair: string): readonly string[] {
  const command = /npm run platform -- (.*)$/.exec(repair)?.[1] ?? '';
  return command.split(' ');
}

test('nothing is at fault on a platform that works', async () => {
  const desk = await aDesk();

  const { exitCode, stdout } = await desk.run('doctor');

  expect(stdout).toBe('Nothing is at fault.\n');
  expect(exitCode).toBe(0);
});

describe('Compute Engine refuses', () => {
  test.each([
    ['stockout', 'ZONE_RESOURCE_POOL_EXHAUSTED', 503, 'zone_exhausted'],
    ['quota', 'QUOTA_EXCEEDED', 403, 'cloud_quota_exceeded'],
    ['permission refused', 'PERMISSIONS_ERROR', 403, 'cloud_permission_denied'],
  ])('%s: found by doctor with its reason, repaired by starting again', async (_, code, httpStatus, reason) => {
    const desk = await aDesk();
    desk.cloud.emulator.drift(ID, 'stop');
    desk.advance(10);
    await desk.run('instances', 'sync', ID);
    await desk.accepted('start');
    desk.cloud.faults.add([
      { service: 'compute', method: 'instances.start', kind: 'operationError', count: 50, code, httpStatus },
    ]);
    expect(await desk.work('op-1')).toBe('failed');
    desk.cloud.faults.clear();
    await desk.swept();

    const { findings } = await desk.doctor();

    expect(findings).toHaveLength(1);
    expect(findings[0]?.finding).toContain(reason);
    const repaired = await desk.run(...argumentsOf(findings[0]?.repair ?? ''), '--json');
    expect(repaired.exitCode, repaired.stderr).toBe(0);
    const { items } = JSON.parse(repaired.stdout) as { readonly items: readonly { readonly operationId: string }[] };
    expect(await desk.work(items[0]?.operationId ?? '')).toBe('completed');
    expect(await desk.audited()).toContain('instance.start');
  });
});

describe('the catalogue names what is not there', () => {
  test.each([
    ['image family gone', { image: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-1604-lts' }, {}],
    ['network gone', {}, { network: 'global/networks/gone' }],
  ])('%s: found by doctor, before any customer meets it', async (_, template, config) => {
    const desk = await aDesk();
    const { templates, configs } = aCatalog();
    const rows = {
      templates: { t: { ...templates['ubuntu-22-standard'], ...template } },
      configs: { c: { ...configs['default-network'], ...config } },
    } as Catalog;
    await applyCatalog(desk.store, rows, { auditor: testAuditor() });

    const { findings } = await desk.doctor();

    expect(new Set(findings.map(({ check }) => check))).toEqual(new Set(['catalogue']));
    expect(findings.map(({ finding }) => finding).join()).toMatch(/ubuntu-1604-lts|networks\/gone/);
    expect(findings[0]?.repair).toContain('npm run catalog');
    const right = {
      templates: { t: templates['ubuntu-22-standard'] },
      configs: { c: configs['default-network'] },
    } as Catalog;
    await applyCatalog(desk.store, right, { auditor: testAuditor() });
    expect((await desk.doctor()).findings).toEqual([]);
    expect(await desk.audited()).toEqual(['catalog.apply', 'catalog.apply']);
  });
});

describe('an operation does not get on', () => {
  test.each([
    ['lost publish', {}],
    ['worker killed', { state: 'running', attempts: 1, leaseToken: 'dead', leaseUntilMs: 1 } as const],
  ])('%s: found by doctor, repaired by retry', async (_, changes) => {
    const desk = await aDesk();
    await desk.accepted('stop', { createdAtMs: desk.tools.nowMs() - OLD_MS, ...changes });

    const { findings } = await desk.doctor();

    expect(findings.map(({ repair }) => repair)).toEqual(['npm run platform -- operations retry op-1']);
    expect((await desk.run(...argumentsOf(findings[0]?.repair ?? ''))).exitCode).toBe(0);
    expect(await desk.work('op-1')).toBe('completed');
    expect(await desk.audited()).toEqual(['operation.retry']);
  });

  test('stuck lease: shown by operations show, broken by retry', async () => {
    const desk = await aDesk();
    const held = { state: 'running', leaseToken: 'stuck', leaseUntilMs: desk.tools.nowMs() + LEASE_MS } as const;
    await desk.accepted('stop', { createdAtMs: desk.tools.nowMs() - OLD_MS, ...held });

    expect((await desk.run('operations', 'show', 'op-1')).stdout).toContain('held until');
    expect((await desk.run('operations', 'retry', 'op-1')).exitCode).toBe(0);

    expect((await desk.operation('op-1'))?.leaseUntilMs).toBe(0);
    expect(await desk.work('op-1')).toBe('completed');
    expect(await desk.audited()).toEqual(['operation.retry']);
  });

  test('dead letter: found by doctor, repaired by replay, which may be repeated', async () => {
    const desk = await aDesk();
    await desk.accepted('stop');
    const letter = { operationId: 'op-1', instanceId: ID, messageId: '4711', data: '{}', attributes: {} };
    await desk.store.write([put(DEAD_LETTER, '4711', { ...letter, recordedAtMs: desk.tools.nowMs() })]);

    const { findings } = await desk.doctor();

    expect(findings.map(({ repair }) => repair)).toEqual(['npm run platform -- dead-letters replay 4711']);
    expect((await desk.run('dead-letters', 'replay', '4711')).exitCode).toBe(0);
    expect(await desk.work('op-1')).toBe('completed');
    expect((await desk.run('dead-letters', 'replay', '4711')).stdout).toContain('nothing was published');
    expect((await desk.run('dead-letters', 'discard', '4711')).exitCode).toBe(0);
    expect((await desk.doctor()).findings).toEqual([]);
    expect((await desk.audited()).sort()).toEqual(['dead_letter.discard', 'dead_letter.replay', 'dead_letter.replay']);
  });
});

describe('records and cloud differ', () => {
  test('drift: found by doctor, repaired by sync', async () => {
    const desk = await aDesk();
    desk.cloud.emulator.drift(ID, 'stop');
    desk.advance(10);

    const { findings } = await desk.doctor();

    expect(findings.map(({ repair }) => repair)).toEqual([`npm run platform -- instances sync ${ID}`]);
    expect((await desk.run(...argumentsOf(findings[0]?.repair ?? ''))).stdout).toContain('TERMINATED');
    expect((await desk.doctor()).findings).toEqual([]);
    expect(await desk.audited()).toEqual(['instance.sync']);
  });

  test('orphaned VM: found by doctor, and on the list of the sweep, which removes it', async () => {
    const desk = await aDesk();
    // The sweep treats a database as this deployment's only after it has seen it complete once.
    await sweep(SETTINGS, desk.tools);
    await desk.cloud.insert('tw-550e84-ffffffff', { labels: OUR_LABEL });
    desk.advance(600);
    await desk.swept();

    expect((await desk.doctor()).findings[0]?.finding).toContain('the sweep has 0 of them on its list');
    await sweep(SETTINGS, desk.tools);

    const { findings } = await desk.doctor();
    expect(findings[0]?.finding).toContain('tw-550e84-ffffffff); the sweep has 1');
    expect((await desk.run('find', 'tw-550e84-ffffffff')).stdout).toContain('orphaned VM: unrecorded');
    expect((await desk.run('sweep', 'remove', 'tw-550e84-ffffffff')).stdout).toContain('Nothing was done');
    expect((await desk.run(...argumentsOf(findings[0]?.repair ?? ''))).exitCode).toBe(0);
    desk.advance(60);
    await sweep(SETTINGS, desk.tools);
    desk.advance(10);
    expect((await desk.doctor()).findings).toEqual([]);
    expect(await desk.audited()).toEqual(['orphan.remove']);
  });

  test('orphaned disk: found by doctor, and on the list of the sweep, which removes it', async () => {
    const desk = await aDesk();
    await sweep(SETTINGS, desk.tools);
    const place = { zone: ZONE, name: 'vol-lost' };
    await desk.disks.insert(place, { sizeGb: 10, diskType: 'pd-balanced' }, '7c9e6679-7425-40de-944b-e07fc1f90ae0');
    desk.advance(600);
    await sweep(SETTINGS, desk.tools);

    const { findings } = await desk.doctor();

    expect(findings.map(({ check }) => check)).toEqual(['disks']);
    expect(findings[0]?.finding).toContain('vol-lost); the sweep has 1');
    expect((await desk.run('sweep', 'status')).stdout).toMatch(/disks to remove: +vol-lost/);
    expect((await desk.run(...argumentsOf(findings[0]?.repair ?? ''))).exitCode).toBe(0);
    desk.advance(60);
    await sweep(SETTINGS, desk.tools);
    expect((await desk.doctor()).findings).toEqual([]);
    expect(await desk.audited()).toEqual(['orphan.remove']);
  });

  test('neither what has a record nor what the sweep has not found can be removed', async () => {
    const desk = await aDesk();

    const own = await desk.run('sweep', 'remove', ID, '--yes');
    const unknown = await desk.run('sweep', 'remove', 'tw-550e84-ffffffff', '--yes');

    expect([own.exitCode, unknown.exitCode]).toEqual([1, 1]);
    expect(own.stderr).toContain('it is no orphan');
    expect(await desk.audited()).toEqual([]);
  });

  test('lost records: the brake is found by doctor, and taken off by release', async () => {
    const desk = await aDesk();
    await sweep(SETTINGS, desk.tools);
    await desk.store.write([erase(ref(INSTANCE, ID))]);
    await sweep(SETTINGS, desk.tools);

    const { findings } = await desk.doctor();

    const brake = findings.find(({ finding }) => finding.includes('brake is on'));
    expect(brake?.repair).toContain('sweep release');
    expect((await desk.run('sweep', 'release')).exitCode).toBe(0);
    expect((await desk.doctor()).findings.some(({ finding }) => finding.includes('brake is on'))).toBe(false);
    expect(await desk.audited()).toEqual(['sweep.release']);
  });
});

describe('customers and their credentials', () => {
  test('suspended customer: found by doctor, repaired by resume', async () => {
    const desk = await aDesk();
    await desk.store.write([put(SUSPENSION, 'acme', { reason: 'Unpaid.', sinceMs: 1, by: 'jane' })]);

    const { findings } = await desk.doctor();

    expect(findings.map(({ repair }) => repair)).toEqual(['npm run platform -- customers resume acme']);
    expect((await desk.run('customers', 'resume', 'acme')).exitCode).toBe(0);
    expect((await desk.doctor()).findings).toEqual([]);
    expect(await desk.audited()).toEqual(['customer.resume']);
  });

  test('expired key: found by doctor and by customers show', async () => {
    const desk = await aDesk();
    const nowMs = desk.tools.nowMs();
    const key = { id: 'ak_live_0123456789abcdef', userId: anInstance().userId, customerId: 'acme', name: 'ci' };
    const times = { createdAtMs: 1, expiresAtMs: nowMs - 60_000, revokedAtMs: null, lastUsedAtMs: nowMs - 120_000 };
    await desk.store.write([put(API_KEY, key.id, { ...key, secretHash: 'x', ...times })]);

    const { findings } = await desk.doctor();

    expect(findings.map(({ repair }) => repair)).toEqual([
      `npm run accounts -- keys create --user ${key.userId} --name ci`,
    ]);
    expect((await desk.run('customers', 'show', 'acme')).stdout).toMatch(/ak_live_0123456789abcdef +expired/);
    const repair = /npm run accounts -- (.*)/.exec(findings[0]?.repair ?? '')?.[1] ?? '';
    expect((await runLine(accountsLine, repair.split(' '), desk.environment)).exitCode).toBe(0);
    expect(await desk.audited()).toEqual(['key.create']);
  });

  test('rate counter hot: customers show tells how many requests this minute has seen', async () => {
    const desk = await aDesk();
    const { id } = rateCounterRef('acme', 'create', windowAt(desk.tools.nowMs()).index);
    await desk.store.write([put(RATE_COUNTER, id, { count: 640, ahead: 0 })]);

    expect((await desk.run('customers', 'show', 'acme')).stdout).toContain('640 create');
    await desk.store.write([put(TIER, 'large', { ...aTier(), name: 'large', maxVolumeGb: 0 })]);
    const raised = await runLine(accountsLine, ['customers', 'set-tier', 'acme', 'large'], desk.environment);
    expect(raised.exitCode, raised.stderr).toBe(0);
    expect(await desk.audited()).toEqual(['customer.set_tier']);
  });
});

describe('the platform itself', () => {
  test('missing index: found by doctor, and gone with the index', async () => {
    const desk = await aDesk();
    const lacking = await testDatastore(COMPOSITE_INDEXES.filter(({ kind }) => kind !== 'AuditEntry'));
    const tools = { ...desk.tools, ...QUIET };

    const findings = await examine({ ...tools, store: lacking.store });

    const index = findings.find(({ check }) => check === 'indexes');
    expect(index?.finding).toContain('A query of AuditEntry by actorId, id has no index');
    expect(index?.repair).toContain('npm run deploy');
    expect(await examine(tools)).toEqual([]);
  });

  test('clock of a function wrong: found by doctor', async () => {
    const desk = await aDesk();
    await desk.store.write([put(JOB_STATE, SWEEP_JOB, { cursor: '1', ranAtMs: desk.tools.nowMs() + OLD_MS })]);

    expect((await desk.doctor()).findings[0]?.finding).toContain('is 20m ahead');
    await desk.swept();
    expect((await desk.doctor()).findings).toEqual([]);
  });

  test('no sweep: found by doctor', async () => {
    const desk = await aDesk();
    desk.advance(3_600);

    expect((await desk.doctor()).findings[0]?.finding).toBe('The last sweep ran 60m ago.');
  });

  test('wrong FORWARDED_HOPS: found by doctor, which asks as a caller who claims another address', async () => {
    const desk = await aDesk();
    const { settings } = await desk.localCloud();
    const found = async () => JSON.parse((await desk.runLocal('doctor', '--json')).stdout) as Findings;
    expect(await found()).toEqual({ findings: [] });

    settings.forwardedHops = 2;

    const { findings } = await found();
    expect(findings[0]?.finding).toContain('FORWARDED_HOPS is larger');
    expect(findings[0]?.repair).toContain('npm run deploy');
    settings.forwardedHops = 1;
    expect(await found()).toEqual({ findings: [] });
  });

  test('code cache rejected: found by doctor with the functions that start slowly, and gone with a new build', async () => {
    const desk = await aDesk();
    const { log, forget } = await desk.localCloud();
    const found = async () => JSON.parse((await desk.runLocal('doctor', '--json')).stdout) as Findings;
    log({ message: 'the shipped code cache was rejected', function: 'compute-instances-get' });

    const { findings } = await found();

    expect(findings.map(({ finding }) => finding)).toEqual([expect.stringContaining('compute-instances-get')]);
    expect(findings[0]?.repair).toContain('npm run build');
    // A restart with rebuilt functions begins a new log.
    forget();
    expect(await found()).toEqual({ findings: [] });
  });
});
