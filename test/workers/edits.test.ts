import { describe, expect, test } from 'vitest';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { editInstance, type EditRequest } from '#shared/actions/edit-instance.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import type { InstanceEdit } from '#shared/domain/instance-edit.ts';
import { instanceTag } from '#shared/domain/instance-tag.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { syncInstance } from '#shared/lifecycle/sync-instance.ts';
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { STOP_SECONDS, ZONE } from '#test/support/compute-cloud.ts';

const NAME = 'tw-550e84-a1b2c3d4';
const ALICE: Principal = {
  userId: '550e8400-e29b-41d4-a716-446655440000',
  customerId: 'acme',
  projects: [],
  groups: ['group1'],
  roles: [],
  tier: 'pro',
  credential: { type: 'jwt', id: 'token-1' },
};

/** Creates a running VM with its record, a user who edits it, and a worker. */
async function world(labels: Readonly<Record<string, string>> = {}) {
  const published: string[] = [];
  const made = await cloudAndRecords({
    bootSeconds: 1,
    stopSeconds: 1,
    // A running clock, so that operations of Compute Engine end while the worker waits.
    clock: new ShiftableClock(),
    publish: (messages) => published.push(...messages.map((one) => one.operationId)),
  });
  const { cloud, store, tools } = made;
  await cloud.running(NAME, { labels: { ...OUR_LABEL, ...labels } });
  const vm = await cloud.get(NAME);
  const record = anInstance({
    machine: { ...anInstance().machine, machineType: 'e2-medium', labels },
    cloudId: String(vm.id),
    externalIp: vm.networkInterfaces?.[0]?.accessConfigs?.[0]?.natIP ?? '',
    internalIp: vm.networkInterfaces?.[0]?.networkIP ?? '',
    createdAtMs: tools.nowMs(),
    statusSinceMs: tools.nowMs(),
  });
  await store.write([put(INSTANCE, NAME, record)]);
  const edit = (change: InstanceEdit, more: Partial<EditRequest> = {}, given = tools) =>
    editInstance(
      {
        instanceId: NAME,
        caller: ALICE,
        actor: { type: 'user', id: ALICE.userId },
        requestId: 'request-1',
        ifMatch: undefined,
        displayName: undefined,
        edit: async () => change,
        ...more,
      },
      given,
    );
  /** Runs the worker until the queue is empty. */
  const work = async () => {
    for (let round = 0; round < 20; round += 1) {
      const [head] = (await made.instance(NAME))?.queue ?? [];
      if (head === undefined) return;
      await runOperation({ operationId: head.id, instanceId: NAME }, tools, {
        worker: `w${round}`,
        waitMs: 200,
        atWork: new CustomersAtWork(),
      });
      cloud.clock.advance(60);
    }
  };
  const instance = async (): Promise<Instance> => (await made.instance(NAME)) ?? anInstance();
  const calls = () => cloud.emulator.calls().map(({ method, outcome }) => `${method} ${outcome}`);
  return { ...made, edit, work, instance, calls, published };
}

const LABELS = { labels: { env: 'prod' } };

describe('an edit', () => {
  test('reaches the VM as an operation, and shows on record when the VM was seen to have it', async () => {
    const { cloud, edit, work, instance, operation, events } = await world({ env: 'dev', team: 'web' });

    const { operation: accepted } = await edit({
      labels: { env: 'prod', team: null },
      metadata: { 'ssh-keys': 'ubuntu:ssh-ed25519 AAAA' },
      login: { user: 'ubuntu', keyIds: ['key-1'] },
    });
    expect((await instance()).machine.labels).toEqual({ env: 'dev', team: 'web' });
    await work();

    const vm = await cloud.get(NAME);
    expect(vm.labels).toEqual({ ...OUR_LABEL, env: 'prod' });
    expect(vm.metadata?.items).toMatchObject([{ key: 'ssh-keys', value: 'ubuntu:ssh-ed25519 AAAA' }]);
    expect(await instance()).toMatchObject({
      machine: { labels: { env: 'prod' }, metadata: { 'ssh-keys': 'ubuntu:ssh-ed25519 AAAA' } },
      login: { keyIds: ['key-1'] },
      lastOperation: { id: accepted?.id, kind: 'update', state: 'completed' },
      queue: [],
    });
    expect(await operation(accepted?.id ?? '')).toMatchObject({ state: 'completed', kind: 'update' });
    expect((await events(NAME)).map(({ action, reason, cause, status }) => [action, reason, cause, status])).toEqual([
      ['update', 'labels, ssh_keys', 'operation', 'RUNNING'],
    ]);
  });

  test('leaves alone what was put on the VM from outside', async () => {
    const { cloud, edit, work } = await world();
    const { labelFingerprint, metadata } = await cloud.get(NAME);
    const at = cloud.at(NAME);
    await cloud.instances.setLabels({
      ...at,
      instancesSetLabelsRequestResource: {
        labels: { ...OUR_LABEL, outside: 'yes' },
        labelFingerprint: labelFingerprint ?? '',
      },
    });
    await cloud.instances.setMetadata({
      ...at,
      metadataResource: { items: [{ key: 'outside', value: 'yes' }], fingerprint: metadata?.fingerprint ?? '' },
    });

    await edit({ ...LABELS, metadata: { 'ssh-keys': 'ubuntu:a' } });
    await work();

    const vm = await cloud.get(NAME);
    expect(vm.labels).toEqual({ ...OUR_LABEL, outside: 'yes', env: 'prod' });
    expect(vm.metadata?.items?.map(({ key }) => key).sort()).toEqual(['outside', 'ssh-keys']);
  });

  test.each(['lostAnswer', 'error', 'falseError'] as const)('is applied once when its call meets %s', async (kind) => {
    const { cloud, edit, work, instance, calls } = await world();
    cloud.faults.add([
      {
        service: 'compute',
        method: 'instances.setLabels',
        kind,
        count: 1,
        ...(kind === 'lostAnswer' ? {} : { status: 503 }),
      },
    ]);

    await edit(LABELS);
    await work();

    expect((await instance()).machine.labels).toEqual({ env: 'prod' });
    expect(calls().filter((call) => call === 'instances.setLabels applied')).toHaveLength(1);
  });

  test('is tried again with what is there now when the fingerprint of the cloud has changed', async () => {
    const { cloud, edit, work, instance, operation } = await world();
    cloud.faults.add([{ service: 'compute', method: 'instances.setLabels', kind: 'error', count: 1, status: 412 }]);

    const { operation: accepted } = await edit(LABELS);
    await work();

    expect(await operation(accepted?.id ?? '')).toMatchObject({ state: 'completed' });
    expect((await instance()).machine.labels).toEqual({ env: 'prod' });
  });

  test('that Compute Engine refuses for good fails with its reason, and the record stays', async () => {
    const { cloud, edit, work, instance, events } = await world();
    cloud.faults.add([{ service: 'compute', method: 'instances.setLabels', kind: 'error', count: 1, status: 403 }]);

    await edit(LABELS);
    await work();

    expect(await instance()).toMatchObject({
      machine: { labels: {} },
      lastOperation: { kind: 'update', state: 'failed', error: { reason: 'cloud_permission_denied' } },
    });
    expect((await events(NAME)).at(-1)).toMatchObject({ action: 'update', reason: 'cloud_permission_denied' });
  });

  test('without a change makes no operation and no call', async () => {
    const { edit, calls } = await world({ env: 'prod' });
    const before = calls().length;

    expect((await edit(LABELS)).operation).toBeUndefined();
    expect(calls()).toHaveLength(before);
  });

  test('of the name alone is done at once, and on record', async () => {
    const { edit, instance, events } = await world();

    const { operation } = await edit({}, { displayName: 'web-1' });

    expect(operation).toBeUndefined();
    expect(await instance()).toMatchObject({ displayName: 'web-1' });
    expect(await events(NAME)).toMatchObject([{ action: 'update', reason: 'display_name' }]);
  });

  test('on condition of a tag is refused when another edit was accepted since', async () => {
    const { edit, instance } = await world();
    const ifMatch = instanceTag(await instance());
    await edit(LABELS, { ifMatch });

    await expect(edit({ labels: { env: 'test' } }, { ifMatch })).rejects.toMatchObject({ kind: 'precondition_failed' });
  });

  test('regression: of two names at one moment on one tag is accepted once, and the other editor is told', async () => {
    const { tools, edit, instance } = await world();
    const ifMatch = instanceTag(await instance());
    const atMs = tools.nowMs();
    const stopped = { ...tools, nowMs: () => atMs };

    const both = await Promise.allSettled(
      ['web-1', 'web-2'].map((displayName) => edit({}, { ifMatch, displayName }, stopped)),
    );

    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const [accepted] = both.filter(({ status }) => status === 'fulfilled');
    const { displayName } = await instance();
    expect(accepted).toMatchObject({ value: { instance: { displayName } } });
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { reason: 'instance_changed' } });
  });

  test('behind another one waits for it, and the last one wins', async () => {
    const { edit, work, instance } = await world();
    await edit(LABELS);
    await edit({ labels: { env: 'test' } });
    await work();

    expect((await instance()).machine.labels).toEqual({ env: 'test' });
  });
});

describe('protection from deletion', () => {
  test('counts from when it was asked for, and is on the VM in the end; taking it off frees the instance', async () => {
    const { cloud, edit, work, instance } = await world();
    await edit({ deletionProtection: true });
    expect((await instance()).deletionProtection).toBe(true);
    await work();
    expect((await cloud.get(NAME)).deletionProtection).toBe(true);

    await edit({ deletionProtection: false });
    expect((await instance()).deletionProtection).toBe(true);
    await work();

    expect((await cloud.get(NAME)).deletionProtection).toBe(false);
    expect((await instance()).deletionProtection).toBe(false);
  });
});

describe('a resize', () => {
  test('of a stopped instance changes type and record; the price follows at its next start', async () => {
    const { cloud, store, edit, work, instance, events } = await world();
    await cloud.instances.stop(cloud.at(NAME));
    cloud.clock.advance(STOP_SECONDS);
    await store.write([put(INSTANCE, NAME, { ...(await instance()), status: 'TERMINATED', externalIp: '' })]);

    const { operation } = await edit({ machineType: 'e2-standard-4' });
    await work();

    expect(operation?.kind).toBe('resize');
    expect((await cloud.get(NAME)).machineType).toMatch(/e2-standard-4$/);
    expect(await instance()).toMatchObject({ machine: { machineType: 'e2-standard-4' }, status: 'TERMINATED' });
    expect((await events(NAME)).at(-1)).toMatchObject({ action: 'resize', reason: 'machine_type' });
  });

  test('of a running instance, or of one with an order, is refused', async () => {
    const { store, edit, instance } = await world();

    await expect(edit({ machineType: 'e2-standard-4' })).rejects.toMatchObject({
      kind: 'conflict',
      reason: 'wrong_state',
      message: expect.stringContaining('cannot resize. Stop it first.') as string,
    });
    await store.write([put(INSTANCE, NAME, { ...(await instance()), status: 'TERMINATED', bid: 'bid_1' })]);
    await expect(edit({ machineType: 'e2-standard-4' })).rejects.toMatchObject({ reason: 'ordered_instance' });
  });
});

test('labels, type and protection that were changed outside are adopted, each with an event that says so', async () => {
  const { cloud, tools, instance, events } = await world();
  const { labelFingerprint } = await cloud.get(NAME);
  const target = { project: cloud.at(NAME).project, zone: ZONE };
  await cloud.instances.setLabels({
    ...cloud.at(NAME),
    instancesSetLabelsRequestResource: {
      labels: { ...OUR_LABEL, by: 'hand' },
      labelFingerprint: labelFingerprint ?? '',
    },
  });
  await cloud.instances.setDeletionProtection({ ...target, resource: NAME, deletionProtection: true });

  await syncInstance(NAME, { cause: 'drift' }, tools);

  expect(await instance()).toMatchObject({ machine: { labels: { by: 'hand' } }, deletionProtection: true });
  expect((await events(NAME)).map(({ reason, cause }) => [reason, cause])).toEqual([
    ['labels_changed', 'drift'],
    ['protection_changed', 'drift'],
  ]);
});

test('an edit is stored in the row of its operation, of the kind update', async () => {
  const { store, edit, operation } = await world();
  const { operation: accepted } = await edit(LABELS);
  const row = await store.get(ref(OPERATION, accepted?.id ?? ''));

  expect(row?.value.edit).toEqual(LABELS);
  expect((await operation(accepted?.id ?? ''))?.kind).toBe('update');
});
