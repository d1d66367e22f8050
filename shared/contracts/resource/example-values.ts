// The values of the documentation's examples, once.

export const SPEC = {
  type: 'cx31',
  image: 'ubuntu-22.04',
  vcpus: 2,
  memory_mb: 4096,
  disk_gb: 80,
  vpc_id: 'vpc-abc123',
  subnet_id: 'subnet-def456',
  security_groups: ['sg-web', 'sg-ssh'],
  ssh_key_ids: ['key-001'],
  user_data: 'IyEvYmluL2Jhc2gKYXB0IHVwZGF0ZQ==',
} as const;

export const METADATA = { name: 'web-server-01', labels: { env: 'production', team: 'platform' } } as const;

export const PROVISIONING_RESOURCE = {
  id: 'inst-550e84-a1b2c3d4',
  metadata: { ...METADATA, created_at: '2025-01-15T10:30:00Z' },
  spec: SPEC,
  status: { state: 'provisioning', host_id: '', private_ip: '', public_ip: '' },
} as const;

export const RUNNING_RESOURCE = {
  ...PROVISIONING_RESOURCE,
  status: {
    state: 'running',
    host_id: '4567890123456789012',
    private_ip: '10.0.1.15',
    public_ip: '203.0.113.42',
  },
} as const;

export const RUNNING_OPERATION = {
  id: 'op-01jk2m3n4p5q6r7s8t9v',
  resource_id: 'inst-550e84-a1b2c3d4',
  type: 'create',
  status: 'running',
  result: null,
  created_at: '2025-01-15T10:30:00Z',
  completed_at: null,
} as const;
