import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { applyCommand } from '#scripts/deploy/commands.ts';
import { examine } from '#scripts/platform/doctor/examine.ts';
import { NO_INJECTED_FAULTS } from '#scripts/platform/doctor/finding.ts';
import { recountLine } from '#scripts/recount/recount-line.ts';
import { DEAD_LETTER, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { aDeployment } from '#test/deploy/a-deployment.ts';
import { steps } from '#test/deploy/deploy-steps.ts';
import { aDesk, type Findings, ID } from '#test/platform/a-desk.ts';
import { runLine } from '#test/support/run-line.ts';
import { INFRA } from './terraform-sources.ts';

/*
 * Tests the runbook's sections that use the operators' commands: each injects the alert's fault, runs the command that
 * finds it, and the one that repairs it. runbook.test.ts tests the other sections.
 */

const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 86_400_000 };
const OLD_MS = 20 * 60_000;

type Desk = Awaited<ReturnType<typeof aDesk>>;

/** Creates a stop that was accepted twenty minutes ago and that no worker has started. */
async function anOldStop(desk: Desk): Promise<void> {
  await desk.accepted('stop', { createdAtMs: desk.tools.nowMs() - OLD_MS });
}

it('Code cache rejected: doctor says how many functions start slowly, and a deployment ends it', async () => {
  const desk = await aDesk();
  const { log } = await desk.localCloud();
  log({ message: 'the shipped code cache was rejected', node: 'v24.0.0' });

  expect((await desk.runLocal('doctor')).stdout).toContain('v24.0.0 rejected the shipped code cache of 1 functions');
  expect((await desk.repair('npm run deploy -- local')).exitCode).toBe(0);

  expect((await desk.runLocal('doctor')).stdout).toBe('Nothing is at fault.\n');
});

it('Dead letters: list and show have the message, and replay brings its operation to an end', async () => {
  const desk = await aDesk();
  await desk.accepted('stop');
  const letter = { operationId: 'op-1', instanceId: ID, messageId: '4711', data: '{}', attributes: {} };
  await desk.store.write([put(DEAD_LETTER, '4711', { ...letter, recordedAtMs: desk.tools.nowMs() })]);

  expect((await desk.run('dead-letters', 'list')).stdout).toMatch(/4711.*op-1.*pending/);
  expect((await desk.run('dead-letters', 'show', '4711')).stdout).toMatch(/operation: +op-1/);
  expect((await desk.run('dead-letters', 'replay', '4711')).exitCode).toBe(0);

  expect(await desk.work('op-1')).toBe('completed');
});

it('Dead letters that nobody records: what waits is stuck, and goes on by retry', async () => {
  const desk = await aDesk();
  await desk.accepted('stop', { createdAtMs: desk.tools.nowMs() - OLD_MS, state: 'running', attempts: 9 });

  expect((await desk.doctor()).findings.map(({ finding }) => finding).join()).toContain('after 9 attempts');
  expect((await desk.run('operations', 'list', '--only', 'stuck')).stdout).toContain('op-1');
  expect((await desk.run('operations', 'retry', 'op-1')).exitCode).toBe(0);

  expect(await desk.work('op-1')).toBe('completed');
});

it('Error budgets: find tells of an error id what the functions logged, and on a project where to ask', async () => {
  const desk = await aDesk();
  const { log } = await desk.localCloud();
  const errorId = '0cc175b9c0f1b6a831c399e269772661';
  log({ message: 'request failed', errorId, endpoint: 'compute-instances-create', outcome: 'internal' });

  expect((await desk.runLocal('find', errorId)).stdout).toContain('compute-instances-create');
  expect((await desk.run('find', errorId)).stdout).toContain(`gcloud logging read 'jsonPayload.errorId="${errorId}"`);
});

it('Error budgets: the list of failed operations has the permission that is missing, and an apply gives it back', async () => {
  const desk = await aDesk();
  const role = { service: 'compute', method: 'instances.stop', kind: 'error', count: 1_000, status: 403 } as const;
  desk.cloud.faults.add([role]);
  await desk.accepted('stop');
  expect(await desk.work('op-1')).toBe('failed');

  const failed = (await desk.run('operations', 'list', '--only', 'failed')).stdout;
  expect(failed).toMatch(/op-1.*stop.*failed.*permission_denied/);
  const deployment = await aDeployment();
  await applyCommand(deployment.context, { yes: true, catalogue: undefined });
  expect(steps(await deployment.lines())).toContain('apply');
  // Stands for the apply after which the role is complete again.
  desk.cloud.faults.clear();

  await desk.accepted('stop');
  expect(await desk.work('op-1')).toBe('completed');
});

it('Error budgets: right after a deployment the former release is applied over it, and its catalogue is not', async () => {
  const former = await aDeployment({ says: 'yes' });

  await applyCommand(former.context, { yes: false, catalogue: undefined });

  const done = steps(await former.lines());
  expect(done).toEqual(expect.arrayContaining(['build', 'plan', 'apply']));
  expect(done).not.toContain('catalogue');
  expect(done).not.toContain('forget the database');
});

it('Events that wait: doctor names the records that no event has brought up to date, and sync does', async () => {
  const desk = await aDesk();
  desk.cloud.emulator.drift(ID, 'stop');
  desk.advance(10);

  const { findings } = await desk.doctor();
  expect(findings[0]?.repair).toBe(`npm run platform -- instances sync ${ID}`);
  expect((await desk.run('instances', 'sync', ID)).exitCode).toBe(0);

  expect((await desk.instance(ID))?.status).toBe('TERMINATED');
});

it('Latency: doctor tells which service takes long', async () => {
  const desk = await aDesk();
  const { store, advance } = desk;
  const slow: Store = Object.create(store, {
    get: { value: (...args: Parameters<Store['get']>) => (advance(3), store.get(...args)) },
  }) as Store;
  const examined = (used: Store) =>
    examine({
      ...desk.tools,
      store: used,
      catalogFindings: async () => ({ impossible: [], warnings: [] }),
      deployCommand: 'npm run deploy',
      logLines: () => [],
      probe: async () => undefined,
      subscriptions: async () => undefined,
      injectedFaults: async () => NO_INJECTED_FAULTS,
    });

  expect((await examined(slow)).map(({ finding }) => finding).join()).toContain('Datastore took 3.0 s');
  expect(await examined(store)).toEqual([]);
});

it('Latency: on the local cloud doctor names the injected delay with the command that ends it', async () => {
  const desk = await aDesk();
  const { settings } = await desk.localCloud();
  settings.faults = [{ service: 'datastore', method: 'lookup', kind: 'delay', left: 100 }];

  const found = (await desk.runLocal('doctor')).stdout;
  expect(found).toContain('lookup of datastore: delay, 100 times');
  const [, url = ''] = /curl -X DELETE (\S+)/.exec(found) ?? [];
  await fetch(url, { method: 'DELETE' });

  expect((await desk.runLocal('doctor')).stdout).toBe('Nothing is at fault.\n');
});

it('Latency: instances that are kept ready are a variable, which an apply brings to the functions', async () => {
  const { context, root, lines } = await aDeployment();
  const file = join(root, 'infra/production.tfvars');
  await writeFile(file, 'min_instances = { "compute-instances-create" = 1 }\n');

  await applyCommand(
    { ...context, target: { ...context.target, varFiles: [file] } },
    { yes: true, catalogue: undefined },
  );

  expect((await lines()).find((line) => line.includes(' plan '))).toContain(`-var-file=${file}`);
  const functions = await readFile(join(INFRA, 'functions.tf'), 'utf8');
  expect(functions).toMatch(/min_instance_count\s*=.*var\.min_instances/);
});

it('Oldest pending operation: the list of the stuck ones has it, and retry or cancel ends it', async () => {
  const desk = await aDesk();
  await anOldStop(desk);

  expect((await desk.run('operations', 'list', '--only', 'stuck')).stdout).toMatch(/op-1.*stop.*pending/);
  expect((await desk.run('operations', 'cancel', 'op-1')).exitCode).toBe(0);

  expect(await desk.operation('op-1')).toMatchObject({ state: 'failed', error: { reason: 'cancelled' } });
  expect((await desk.doctor()).findings.map(({ finding }) => finding).join()).not.toContain('has not ended');
});

it('Operations that wait: doctor names what waits for power-worker, and the sweep publishes it again', async () => {
  const desk = await aDesk();
  await anOldStop(desk);

  expect((await desk.doctor()).findings.map(({ check }) => check)).toEqual(['operations']);
  expect((await sweep(SETTINGS, desk.tools)).republished).toBe(1);

  expect(await desk.work('op-1')).toBe('completed');
});

it('Quota drift: customers show has the quota beside the instances, and recount repairs it', async () => {
  const desk = await aDesk();
  await desk.store.write([put(USAGE, 'acme', { instances: 7 })]);

  const shown = (await desk.run('customers', 'show', 'acme')).stdout;
  expect(shown).toMatch(/quota: +7 of 3/);
  expect(shown).toMatch(/instances: +1 running/);
  expect((await runLine(recountLine, ['--customer', 'acme'], desk.environment)).exitCode).toBe(0);

  expect((await desk.store.get(ref(USAGE, 'acme')))?.value).toEqual({ instances: 1 });
  expect(await desk.audited()).toEqual(['quota.recount']);
});

it('Reconcile age: sweep status and doctor tell when the last sweep ran, and a sweep ends it', async () => {
  const desk = await aDesk();
  desk.advance(3_600);

  expect((await desk.run('sweep', 'status')).stdout).toMatch(/last sweep: .*, 60m ago/);
  expect((await desk.doctor()).findings.map(({ finding }) => finding)).toEqual(['The last sweep ran 60m ago.']);
  await sweep(SETTINGS, desk.tools);

  expect((await desk.doctor()).findings).toEqual([]);
});

it('Sweeps with failures: the log names the part, doctor what it meets, and the next sweep has no failure', async () => {
  const desk = await aDesk();
  desk.cloud.faults.add([
    { service: 'compute', method: 'instances.aggregatedList', kind: 'error', count: 1_000, status: 403 },
  ]);

  expect((await sweep(SETTINGS, desk.tools)).failures).toBeGreaterThan(0);
  expect(desk.logged.find(({ message }) => message.startsWith('a part of the sweep'))?.fields).toMatchObject({
    part: 'compare',
  });
  const { findings }: Findings = await desk.doctor();
  expect(findings.find(({ check }) => check === 'machines')?.finding).toContain('The check could not be made');
  desk.cloud.faults.clear();

  expect((await sweep(SETTINGS, desk.tools)).failures).toBe(0);
});
