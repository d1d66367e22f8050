import type { Volume } from '#shared/domain/volume.ts';

/** Returns a volume of alice's project that no bid uses. */
export function aVolume(overrides: Partial<Volume> = {}): Volume {
  return {
    id: 'vol-550e84-a1b2c3d4',
    userId: '550e8400-e29b-41d4-a716-446655440000',
    customerId: 'acme',
    project: 'proj_acme000000000000',
    name: 'data',
    zone: 'us-central1-a',
    sizeGb: 50,
    diskType: 'pd-balanced',
    state: 'ready',
    createdAtMs: 1_700_000_000_000,
    deletedAtMs: null,
    use: null,
    attachedTo: '',
    attempts: 0,
    callNumber: 1,
    checkAtMs: null,
    ...overrides,
  };
}
