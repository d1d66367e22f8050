import { describe, expect, test } from 'vitest';
import { partialResponse } from '#scripts/emulators/compute/partial-response.ts';

const BODY = {
  name: 'vm-1',
  status: 'RUNNING',
  disks: [
    { type: 'PERSISTENT', source: 'disk-1' },
    { type: 'SCRATCH', source: '' },
  ],
  networkInterfaces: [{ networkIP: '10.0.0.2', name: 'nic0', accessConfigs: [{ natIP: '192.0.2.1', name: 'x' }] }],
  labels: { 'any-word': 'yes' },
};

describe('fields', () => {
  test.each([
    ['name', { name: 'vm-1' }],
    ['*', BODY],
    ['labels,status', { status: 'RUNNING', labels: BODY.labels }],
    ['disks/type', { disks: [{ type: 'PERSISTENT' }, { type: 'SCRATCH' }] }],
    ['disks.type', { disks: [{ type: 'PERSISTENT' }, { type: 'SCRATCH' }] }],
    [
      'networkInterfaces(networkIP, accessConfigs/natIP)',
      { networkInterfaces: [{ networkIP: '10.0.0.2', accessConfigs: [{ natIP: '192.0.2.1' }] }] },
    ],
    ['disks/type,disks/source', { disks: BODY.disks }],
    ['hostname', {}],
  ])('%s', (fields, expected) => {
    expect(partialResponse(BODY, fields, 'instances.get')).toEqual(expected);
  });

  test.each(['nonsense', '', 'name,', 'disks(type', 'disks(type))', 'disks/'])('%j is refused', (fields) => {
    expect(() => partialResponse(BODY, fields, 'instances.get')).toThrow(/^Invalid field selection/);
  });
});
