// The values of the documentation's examples, once.

export const ADMIN_INSTANCE = {
  id: 'inst-7g2xq4bm',
  userId: '5f35d2c4-5633-4b16-bbf0-5ca22ef8ea2e',
  customerId: 'a1b2c3d4-5633-4b16-bbf0-5ca22ef8ea2e',
  name: 'build-runner-03',
  zone: 'us-central1-a',
  machineType: 'n2-standard-4',
  externalIp: '203.0.113.42',
  internalIp: '10.128.0.12',
  status: 'running',
  templateId: 'ubuntu-22-standard',
  createdAt: '2026-03-14T15:02:17Z',
} as const;
