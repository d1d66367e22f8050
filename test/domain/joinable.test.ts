import { expect, test } from 'vitest';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import { joinable, POWER_KINDS } from '#shared/domain/power.ts';

test('a delete is joined although what was accepted before it still waits behind it', () => {
  const deleting = { id: 'op-2', kind: 'delete' } as const;

  expect(joinable({ queue: [deleting, { id: 'op-1', kind: 'create' }] }, 'delete')).toEqual(deleting);
});

test.each(POWER_KINDS)('%s joins nothing behind a delete', (kind) => {
  const queue = [
    { id: 'op-2', kind: 'delete' },
    { id: 'op-1', kind },
  ] as const;

  expect(joinable({ queue }, kind)).toBeUndefined();
});

test.each(OPERATION_KINDS)('the first delete of an instance joins no %s', (kind) => {
  if (kind === 'delete') return;

  expect(joinable({ queue: [{ id: 'op-1', kind }] }, 'delete')).toBeUndefined();
});
