// The values of the documentation's examples, once.

export const PROVISIONING_INSTANCE = {
  id: 'tw-550e84-a1b2c3d4',
  userId: '550e8400-e29b-41d4-a716-446655440000',
  name: 'tw-550e84-a1b2c3d4',
  zone: 'us-central1-a',
  machineType: 'zones/us-central1-a/machineTypes/n1-standard-2',
  externalIp: '',
  internalIp: '',
  status: 'PROVISIONING',
  templateId: 'ubuntu-22-standard',
  configId: 'default-network',
  createdAt: '2024-01-01T00:00:00Z',
  visibleBy: ['group1'],
} as const;

export const RUNNING_INSTANCE = {
  ...PROVISIONING_INSTANCE,
  externalIp: '34.120.1.100',
  internalIp: '10.128.0.5',
  status: 'RUNNING',
} as const;

export const PENDING_OPERATION = {
  id: 'op-01jk2m3n4p5q6r7s8t9v',
  kind: 'stop',
  state: 'pending',
  instanceId: 'tw-550e84-a1b2c3d4',
  createdAt: '2024-01-01T00:05:00Z',
  startedAt: null,
  completedAt: null,
  attempts: 0,
  error: null,
} as const;
