import type { Random } from '#shared/domain/ids.ts';
import { instanceFid } from '#shared/domain/fids.ts';
import { CUSTOMERS_PEOPLE, type PersonName } from '../engine/people.ts';
import type { Play, Reply } from '../play.ts';
import { action, chance, oneOf, share } from './action.ts';

const COMPUTE = '/api/compute/v1';

/** Idempotency keys per user; few, so that keys are used again. */
const KEYS = 6;

const COMPUTE_BODIES = [
  { template_id: 'ubuntu-22-standard', config_id: 'default-network' },
  { template_id: 'debian-12-small', config_id: 'europe-network' },
] as const;

const RESOURCE_BODY = {
  metadata: { name: 'web-server-01', labels: { env: 'production' } },
  spec: {
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
  },
} as const;

function customer(random: Random): PersonName {
  return oneOf(CUSTOMERS_PEOPLE, random);
}

function idIn(reply: Reply): string | undefined {
  const { id } = (reply?.body ?? {}) as { readonly id?: unknown };
  return typeof id === 'string' ? id : undefined;
}

/** Sends a create, and repeats it with the same idempotency key, noting which instances were returned for the key. */
async function created(play: Play, key: string, ask: () => Promise<Reply>, repeats: number): Promise<void> {
  for (let attempt = 0; attempt <= repeats; attempt += 1) {
    const reply = await ask();
    const id = reply?.status === 201 ? idIn(reply) : undefined;
    if (id !== undefined) play.noteMade(key, id);
    await play.world.time.sleep(700);
  }
}

export const REQUESTS = {
  create: action({
    weight: 16,
    draw: (random) => ({
      who: customer(random),
      key: Math.floor(random.fraction() * KEYS),
      template: chance(0.8, random) ? 0 : 1,
      repeats: chance(0.5, random) ? 0 : 2,
    }),
    play: ({ who, key, template, repeats }, play) => {
      const word = `compute-${who}-${key}-${template}`;
      const ask = (): Promise<Reply> =>
        play.ask({
          who,
          family: 'compute',
          method: 'POST',
          path: `${COMPUTE}/instances`,
          body: COMPUTE_BODIES[template],
          headers: { 'idempotency-key': word, 'x-request-id': `request-${word}` },
        });
      return created(play, word, ask, repeats);
    },
  }),
  createResource: action({
    weight: 8,
    draw: (random) => ({
      who: customer(random),
      key: Math.floor(random.fraction() * KEYS),
      repeats: chance(0.5, random) ? 0 : 2,
    }),
    play: ({ who, key, repeats }, play) => {
      const word = `resource-${who}-${key}`;
      const ask = (): Promise<Reply> =>
        play.ask({
          who,
          family: 'resource',
          method: 'POST',
          path: '/v1/instances',
          body: RESOURCE_BODY,
          headers: { 'idempotency-key': word, 'x-request-id': `request-${word}` },
        });
      return created(play, word, ask, repeats);
    },
  }),
  power: action({
    weight: 26,
    draw: (random) => ({
      who: customer(random),
      which: share(random),
      verb: oneOf(['start', 'start', 'stop', 'stop', 'restart', 'reset'] as const, random),
    }),
    play: async ({ who, which, verb }, play) => {
      const instance = await play.pick(which, play.person(who).customerId);
      if (instance === undefined) return;
      await play.ask({ who, family: 'compute', method: 'POST', path: `${COMPUTE}/instances/${instance.id}/${verb}` });
    },
  }),
  adminPower: action({
    weight: 10,
    draw: (random) => ({ which: share(random), verb: oneOf(['start', 'stop', 'restart', 'reset'] as const, random) }),
    play: async ({ which, verb }, play) => {
      const instance = await play.pick(which);
      if (instance === undefined) return;
      const path = `${COMPUTE}/admin/instances/${instance.id}/${verb}`;
      await play.ask({ who: 'admin', family: 'compute', method: 'POST', path });
    },
  }),
  fleetUpdate: action({
    weight: 10,
    draw: (random) => ({
      who: customer(random),
      which: share(random),
      both: chance(0.4, random),
      status: oneOf(['STATUS_PAUSED', 'STATUS_RUNNING'] as const, random),
    }),
    play: async ({ who, which, both, status }, play) => {
      const { customerId } = play.person(who);
      const picked = [await play.pick(which, customerId), both ? await play.pick(1 - which, customerId) : undefined];
      const fids = new Set(picked.flatMap((instance) => (instance === undefined ? [] : [instanceFid(instance.id)])));
      if (fids.size === 0) return;
      const body = { instances: [...fids], status };
      await play.ask({ who, family: 'fleet', method: 'PATCH', path: '/v2/instances', body });
    },
  }),
  delete: action({
    weight: 7,
    draw: (random) => ({
      who: customer(random),
      which: share(random),
      family: oneOf(['compute', 'compute', 'resource', 'admin'] as const, random),
      repeats: chance(0.7, random) ? 0 : 2,
    }),
    play: async ({ who, which, family, repeats }, play) => {
      const instance = await play.pick(which, family === 'admin' ? undefined : play.person(who).customerId);
      if (instance === undefined) return;
      const { id } = instance;
      for (let attempt = 0; attempt <= repeats; attempt += 1) {
        if (family === 'resource') {
          await play.ask({ who, family, method: 'DELETE', path: `/v1/instances/${id}` });
        } else {
          const path = family === 'admin' ? `${COMPUTE}/admin/instances/${id}` : `${COMPUTE}/instances/${id}`;
          await play.ask({ who: family === 'admin' ? 'admin' : who, family: 'compute', method: 'DELETE', path });
        }
      }
    },
  }),
  read: action({
    weight: 6,
    draw: (random) => ({
      who: customer(random),
      which: share(random),
      what: oneOf(
        [
          'compute',
          'computeHistory',
          'computeList',
          'resource',
          'resourceList',
          'fleetList',
          'fleetHistory',
          'fleetPrices',
        ] as const,
        random,
      ),
    }),
    play: async ({ who, which, what }, play) => {
      const { customerId, project } = play.person(who);
      const id = (await play.pick(which, customerId))?.id ?? 'tw-000000-00000000';
      const query = `project=${project}`;
      const reads = {
        compute: { family: 'compute', path: `${COMPUTE}/instances/${id}` },
        computeHistory: { family: 'compute', path: `${COMPUTE}/instances/${id}/history` },
        computeList: { family: 'compute', path: `${COMPUTE}/instances` },
        resource: { family: 'resource', path: `/v1/instances/${id}` },
        resourceList: { family: 'resource', path: '/v1/instances' },
        fleetList: { family: 'fleet', path: '/v2/instances', query },
        fleetHistory: { family: 'fleet', path: '/v2/instances/status/history', query },
        fleetPrices: { family: 'fleet', path: '/v2/instances/pricing/history', query },
      } as const;
      await play.ask({ who, method: 'GET', ...reads[what] });
    },
  }),
  /**
   * Uses another customer's instance id in every operation that takes one. Both customers have a group of the same
   * name.
   */
  intrude: action({
    weight: 4,
    draw: (random) => ({
      which: share(random),
      what: oneOf(
        ['get', 'history', 'stop', 'reset', 'delete', 'resourceGet', 'resourceDelete', 'fleetPause'] as const,
        random,
      ),
    }),
    play: async ({ which, what }, play) => {
      const instance = await play.pick(which);
      if (instance === undefined) return;
      const { id, customerId } = instance;
      const who = play.person('dave').customerId === customerId ? 'alice' : 'dave';
      const compute = `${COMPUTE}/instances/${id}`;
      const attempts = {
        get: { family: 'compute', method: 'GET', path: compute },
        history: { family: 'compute', method: 'GET', path: `${compute}/history` },
        stop: { family: 'compute', method: 'POST', path: `${compute}/stop` },
        reset: { family: 'compute', method: 'POST', path: `${compute}/reset` },
        delete: { family: 'compute', method: 'DELETE', path: compute },
        resourceGet: { family: 'resource', method: 'GET', path: `/v1/instances/${id}` },
        resourceDelete: { family: 'resource', method: 'DELETE', path: `/v1/instances/${id}` },
        fleetPause: {
          family: 'fleet',
          method: 'PATCH',
          path: '/v2/instances',
          body: { instances: [instanceFid(id)], status: 'STATUS_PAUSED' },
        },
      } as const;
      await play.ask({ who, ...attempts[what] });
    },
  }),
} as const;
