import type { Bid } from '#shared/domain/bid.ts';
import { anInstance } from './an-instance.ts';

/** Returns a bid of alice for two machines, in the phase before its launch. */
export function aBid(overrides: Partial<Bid> = {}): Bid {
  const { userId, customerId, visibleBy, zone, machine, login } = anInstance();
  return {
    id: 'bid_0123456789abcdef',
    name: 'train',
    project: 'proj_acme000000000000',
    userId,
    customerId,
    visibleBy,
    tier: 'pro',
    zone,
    instanceType: 'it_n1-standard-2',
    quantity: 2,
    limitCents: 100,
    launch: { volumes: [], sshKeys: [], startupScript: null, imageVersion: null, memoryGb: null },
    machine: { ...machine, spot: true },
    login,
    idPrefix: 'tw',
    phase: 'waiting',
    instances: [],
    launched: false,
    lost: [],
    reason: null,
    attempts: 0,
    refusals: 0,
    createdAtMs: 1_700_000_000_000,
    deactivatedAtMs: null,
    checkAtMs: null,
    events: [],
    ...overrides,
  };
}
