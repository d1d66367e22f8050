import type { CreateRequest } from '#shared/actions/accept-create.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import type { ZoneOperation } from '#shared/gce/compute.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { anInstance } from './an-instance.ts';
import { testDatastore } from './datastore.ts';

export const NOW_MS = 1_700_000_000_000;

export const DONE: ZoneOperation = {
  name: 'operation-1',
  targetId: '1',
  done: true,
  error: null,
  startedAtMs: NOW_MS,
  endedAtMs: NOW_MS,
};

export interface CreateWorld {
  /** Answers each insert. It may throw, move the clock, or never resolve. */
  readonly insert?: () => Promise<ZoneOperation>;
  readonly isThere?: boolean;
}

/**
 * Builds the tools of a create over an empty Datastore and a fake Compute Engine: a customer with a quota of one
 * instance, a request of that customer, and a clock that advances by each sleep.
 */
export async function createPlatform({ insert = async () => DONE, isThere = false }: CreateWorld = {}) {
  const datastore = await testDatastore();
  const { zone, machine, login, templateId, configId } = anInstance();
  const request: CreateRequest = {
    caller: {
      userId: '550e8400-e29b-41d4-a716-446655440000',
      customerId: 'acme',
      projects: [],
      groups: ['group1'],
      roles: [],
      tier: 'free',
      credential: { type: 'jwt', id: 'token-1' },
    },
    tier: { name: 'free', maxInstances: 1, maxVolumeGb: 100, perMinute: completeLimits({ create: 10 }) },
    actor: { type: 'user', id: '550e8400-e29b-41d4-a716-446655440000' },
    requestId: 'request-1',
    idempotencyKey: undefined,
    idPrefix: 'tw',
    blueprint: async () => ({ zone, machine, login, templateId, configId, displayName: null, spec: null, project: '' }),
    answer: () => ({ status: 201 }),
  };
  let hexes = 0;
  let nowMs = NOW_MS;
  const published: string[] = [];
  const inserted: string[] = [];
  const tools = {
    store: datastore.store,
    nowMs: () => nowMs,
    sleep: async (ms: number) => void (nowMs += ms),
    random: { hex: (bytes: number) => String((hexes += 1)).padStart(bytes * 2, '0'), fraction: () => 0 },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    publisher: {
      publish: async (messages: readonly { readonly operationId: string }[]) => {
        published.push(...messages.map(({ operationId }) => operationId));
      },
    },
    compute: {
      insert: async (place: { readonly name: string }) => {
        inserted.push(place.name);
        return insert();
      },
      get: async () => (isThere ? {} : undefined),
      find: async () => (isThere ? {} : undefined),
    },
  } as unknown as Tools;
  return { ...datastore, request, tools, inserted, published, pass: (ms: number) => (nowMs += ms) };
}
