import { describe, expect, test } from 'vitest';
import { editedParts, neededCall, patched, withEdit } from '#shared/domain/instance-edit.ts';
import { instanceTag, requireMatch } from '#shared/domain/instance-tag.ts';
import { nextStep } from '#shared/domain/operation-plan.ts';
import type { CloudCall } from '#shared/domain/operation.ts';
import { anInstance } from '#test/support/an-instance.ts';

const NOW_MS = 1_700_000_000_000;
const SEEN = {
  status: 'RUNNING',
  machineType: 'n1-standard-2',
  labels: { 'compute-api': 'test', env: 'dev', outside: 'yes' },
  metadata: { 'ssh-keys': 'ubuntu:a', 'user-data': '#!' },
  deletionProtection: false,
};

test('a merge patch sets, takes away with null, and leaves the rest', () => {
  expect(patched({ a: '1', b: '2', c: '3' }, { a: '9', b: null, d: '4', e: null })).toEqual({ a: '9', c: '3', d: '4' });
});

test('calls are made one after the other, and none for what the VM has already', () => {
  const edit = {
    labels: { env: 'prod', team: null },
    metadata: { 'ssh-keys': 'ubuntu:b' },
    deletionProtection: true,
  };

  expect(neededCall(edit, SEEN)).toBe('setLabels');
  const labelled = { ...SEEN, labels: { env: 'prod' } };
  expect(neededCall(edit, labelled)).toBe('setMetadata');
  const keyed = { ...labelled, metadata: { 'ssh-keys': 'ubuntu:b' } };
  expect(neededCall(edit, keyed)).toBe('setDeletionProtection');
  expect(neededCall(edit, { ...keyed, deletionProtection: true })).toBeUndefined();
  expect(neededCall({ machineType: 'custom-2-4096' }, { ...SEEN, machineType: 'n1-custom-2-4096' })).toBeUndefined();
});

test('the history says what was changed', () => {
  expect(editedParts({ labels: {}, metadata: {}, deletionProtection: false, machineType: 'x' })).toBe(
    'labels, ssh_keys, protection_off, machine_type',
  );
});

test('the record takes over keys and protection when an edit is done, and leaves other metadata alone', () => {
  const { machine } = anInstance();
  const before = anInstance({ machine: { ...machine, metadata: { 'ssh-keys': 'a', 'user-data': '#!' } } });

  const after = withEdit(before, {
    metadata: { 'ssh-keys': null },
    login: { user: 'ubuntu', keyIds: [] },
    deletionProtection: true,
  });

  expect(after.machine.metadata).toEqual({ 'user-data': '#!' });
  expect(after).toMatchObject({ login: { user: 'ubuntu', keyIds: [] }, deletionProtection: true });
});

describe('the plan of an edit', () => {
  const call = (changes: Partial<CloudCall>): CloudCall => ({
    verb: 'setLabels',
    requestId: 'r',
    askedAtMs: NOW_MS,
    zoneOperation: null,
    done: false,
    mayBeApplied: true,
    ...changes,
  });
  const update = { kind: 'update', edit: { labels: { env: 'prod' } } } as const;
  const resize = { kind: 'resize', edit: { machineType: 'n1-standard-4' } } as const;

  test.each([
    ['asks for what is missing', { ...update, call: null }, SEEN, { do: 'call', verb: 'setLabels', fresh: true }],
    [
      'repeats a call without an answer as the same call',
      { ...update, call: call({}) },
      SEEN,
      { do: 'call', verb: 'setLabels', fresh: false },
    ],
    [
      'is complete when the VM shows it, whichever process answered',
      { ...update, call: call({}) },
      { ...SEEN, labels: { env: 'prod' } },
      { do: 'complete' },
    ],
    [
      'waits for a call that has ended and does not show yet',
      { ...update, call: call({ done: true }) },
      SEEN,
      { do: 'wait' },
    ],
    [
      'follows its zone operation',
      { ...update, call: call({ zoneOperation: 'operation-1' }) },
      SEEN,
      { do: 'follow', zoneOperation: 'operation-1' },
    ],
    [
      'of the type waits for a VM that is stopping',
      { ...resize, call: null },
      { ...SEEN, status: 'STOPPING' },
      { do: 'wait' },
    ],
    [
      'of the type is made while the VM is stopped',
      { ...resize, call: null },
      { ...SEEN, status: 'TERMINATED' },
      { do: 'call', verb: 'setMachineType', fresh: true },
    ],
    ['of a VM that is gone fails', { ...update, call: null }, undefined, { do: 'fail', reason: 'vm_missing' }],
    [
      'of the type of a VM that was started fails',
      { ...resize, call: null },
      SEEN,
      { do: 'fail', reason: 'wrong_state' },
    ],
  ] as const)('%s', (_, operation, seen, step) => {
    expect(nextStep(operation, seen, NOW_MS)).toMatchObject(step);
  });
});

describe('the tag', () => {
  test('is another one after every edit, also one that was only accepted, and not after a change of status', () => {
    const before = anInstance();
    const { machine } = before;
    const edits = [
      anInstance({ displayName: 'web' }),
      anInstance({ machine: { ...machine, labels: { a: '1' } } }),
      anInstance({ machine: { ...machine, machineType: 'n1-standard-4' } }),
      anInstance({ login: { user: 'ubuntu', keyIds: ['key-1'] } }),
      anInstance({ deletionProtection: true }),
      anInstance({ queue: [{ id: 'op-1', kind: 'update' }] }),
    ];

    expect(new Set([before, ...edits].map(instanceTag)).size).toBe(edits.length + 1);
    expect(instanceTag(anInstance({ status: 'TERMINATED', externalIp: '1.2.3.4' }))).toBe(instanceTag(before));
  });

  test('that was sent must be the one that there is', () => {
    const instance = anInstance();
    const tag = instanceTag(instance);

    for (const fine of [undefined, '*', tag, `"other", ${tag}`])
      expect(() => requireMatch(fine, instance)).not.toThrow();
    for (const wrong of ['"other"', `W/${tag}`, '']) {
      expect(() => requireMatch(wrong, instance)).toThrow(expect.objectContaining({ kind: 'precondition_failed' }));
    }
  });
});
