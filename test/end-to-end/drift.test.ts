import { afterEach, describe, expect, test } from 'vitest';
import { InstancesClient } from '@google-cloud/compute';
import { PassThroughClient } from 'google-auth-library';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { ComputeUser, QUICK_MACHINES } from '#test/support/compute-api.ts';
import { instanceBody } from '#test/support/compute-cloud.ts';
import { expectInvariants, settled, sweepOnce } from '#test/support/invariants.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
const admin = () => new ComputeUser(cloud(), 'admin');

afterEach(() => cloud().clearFaults());

/** Loses the audit log's messages, so that only the sweep can notice a change. */
const deafen = () =>
  cloud().addFaults({ service: 'pubsub', method: 'push', kind: 'error', count: 1_000, target: 'reconciler-sync' });

describe.each(['cloud event', 'drift'] as const)('found by %s', (cause) => {
  test.each([
    ['stop', 'TERMINATED'],
    ['delete', 'ERROR'],
    ['preempt', 'TERMINATED'],
  ] as const)('%s behind our back: shown as %s, and the history says why', async (action, status) => {
    const id = await admin().running();
    if (cause === 'drift') await deafen();

    await cloud().drift(id, action);
    const records = new Records(cloud().connection);
    // A pre-emption has one message, at its beginning; only the sweep notices that the VM has stopped.
    if (cause === 'drift' || action === 'preempt') await sweepOnce(cloud(), records, 90);
    await eventually(async () =>
      (await records.instances()).some((row) => row.id === id && row.value.status === status) ? true : undefined,
    );
    await records.close();

    const shown = await admin().shown(id);
    const [last] = await admin().history(id);
    expect(shown.status).toBe(status);
    expect(last).toMatchObject({ status, cause, actor: 'reconciler' });
    if (action === 'delete') expect(shown).toMatchObject({ statusReason: { reason: 'vm_missing' }, externalIp: '' });
    if (action === 'delete') expect((await admin().delete(id)).status).toBe(204);
    await cloud().clearFaults();
    await settled(cloud());
    await expectInvariants(cloud());
  });
});

test('a start outside of the API is shown, with its addresses', async () => {
  const id = await admin().running();
  await admin().powered(id, 'stop');

  await cloud().drift(id, 'start');
  await settled(cloud());

  const shown = await admin().shown(id);
  expect(shown.status).toBe('RUNNING');
  expect(shown.externalIp).not.toBe('');
  expect((await admin().history(id))[0]).toMatchObject({ status: 'RUNNING' });
  await expectInvariants(cloud());
});

test('what a caller looks at is the truth at once, without waiting for anybody', async () => {
  const id = await admin().running();
  await deafen();

  await cloud().drift(id, 'delete');
  const shown = await eventually(async () => {
    const now = await admin().shown(id);
    return now.status === 'ERROR' ? now : undefined;
  });

  expect(shown.statusReason).toMatchObject({ reason: 'vm_missing' });
  expect((await admin().history(id))[0]).toMatchObject({ status: 'ERROR', cause: 'drift' });
});

describe('a VM without a record', () => {
  const insert = async (name: string, changes: Record<string, unknown>) => {
    const [host = '', port = ''] = cloud().connection.emulators.compute.split(':');
    const client = new InstancesClient({
      projectId: LOCAL_PROJECT,
      apiEndpoint: host,
      port: Number(port),
      protocol: 'http',
      authClient: new PassThroughClient(),
    });
    await client.insert({
      project: LOCAL_PROJECT,
      zone: 'us-central1-a',
      instanceResource: instanceBody(name, changes),
    });
    await client.close();
  };
  const exists = async (name: string) => (await cloud().machines()).some((machine) => machine.name === name);
  const statusOf = async (name: string) => (await cloud().machines()).find((machine) => machine.name === name)?.status;
  const OURS = { 'compute-api': 'local' };

  test('is put in quarantine when it is old enough, stopped, and deleted days later; others are never touched', async () => {
    const records = new Records(cloud().connection);
    // Without any record the sweep would not touch a VM.
    await admin().running();
    const quarantined = async () => (await records.orphans()).map(({ id }) => id);
    await insert('orphan', { labels: OURS });
    await insert('protected-orphan', { labels: OURS, deletionProtection: true });
    await insert('unlabelled', { labels: { owner: 'another-team' } });
    await insert('other-deployment', { labels: { 'compute-api': 'staging' } });

    await sweepOnce(cloud(), records);
    const young = await quarantined();
    await sweepOnce(cloud(), records, 300);
    const found = await eventually(async () => {
      const names = await quarantined();
      return names.length > 0 ? names : undefined;
    });
    await sweepOnce(cloud(), records, 300);
    const inQuarantine = await exists('orphan');
    await eventually(async () => {
      await sweepOnce(cloud(), records, 301);
      return (await statusOf('orphan')) === 'TERMINATED' ? true : undefined;
    });
    const kept = await exists('orphan');
    await eventually(async () => {
      await sweepOnce(cloud(), records, 86_401);
      return (await exists('orphan')) ? undefined : true;
    });
    await settled(cloud());

    expect(young).toEqual([]);
    expect(found).toEqual(['orphan']);
    expect(inQuarantine).toBe(true);
    expect(kept).toBe(true);
    expect(await exists('orphan')).toBe(false);
    expect(await exists('protected-orphan')).toBe(true);
    expect(await exists('unlabelled')).toBe(true);
    expect(await exists('other-deployment')).toBe(true);
    await expectInvariants(cloud());
    await records.close();
  });
});
