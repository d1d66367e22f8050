import { getTestServer } from '@google-cloud/functions-framework/testing';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { functionEnvironment } from '#scripts/local/functions/function-environment.ts';
import type { BenchCloudReady } from '#test/bench/bench-cloud-messages.ts';
import { BenchCloud } from '#test/bench/bench-cloud-process.ts';
import { entryPointOf } from '#shared/runtime/entry-point.ts';
import { overBudget, roundTrips, TracedClients, type RoundTrips } from './traced-clients.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const V1 = '/api/compute/v1';

type Cloud = BenchCloudReady;

interface Case {
  readonly name: string;
  readonly ask: (cloud: Cloud, round: number) => Asked;
  readonly status: number;
  /**
   * The calls that a request may make with warm caches. A change that needs more raises the figure and explains it in
   * the commit.
   */
  readonly budget: RoundTrips;
}

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly as?: keyof Cloud['tokens'];
  readonly body?: unknown;
}

const READ: RoundTrips = { datastoreInSequence: 1, reads: 1, commits: 1, compute: 0, publishes: 0 };
/** The rate-limit token, then the write. */
const POWER: RoundTrips = { datastoreInSequence: 2, reads: 1, commits: 2, compute: 0, publishes: 1 };

/** Each verb uses records of its own, which no other verb has changed. */
function power(verb: string, firstRecord: number): Case {
  return {
    name: `compute-instances-${verb}`,
    ask: ({ recordIds }, round) => ({
      method: 'POST',
      path: `${V1}/instances/${nth(recordIds, firstRecord + round)}/${verb}`,
    }),
    status: 202,
    budget: POWER,
  };
}

/** Returns a different instance for each round. */
function nth(ids: readonly string[], round: number): string {
  return ids[round] ?? '';
}

const CASES: readonly Case[] = [
  {
    name: 'compute-instances-get',
    ask: ({ machineIds }) => ({ path: `${V1}/instances/${nth(machineIds, 0)}` }),
    status: 200,
    budget: { ...READ, compute: 1 },
  },
  { name: 'compute-instances-list', ask: () => ({ path: `${V1}/instances`, as: 'lister' }), status: 200, budget: READ },
  {
    name: 'compute-instances-history',
    ask: ({ machineIds }) => ({ path: `${V1}/instances/${nth(machineIds, 0)}/history` }),
    status: 200,
    budget: { ...READ, reads: 2 },
  },
  {
    name: 'compute-operations-get',
    ask: ({ operationId }) => ({ path: `${V1}/operations/${operationId}` }),
    status: 200,
    budget: READ,
  },
  {
    name: 'compute-templates-list',
    ask: () => ({ path: `${V1}/templates` }),
    status: 200,
    budget: { ...READ, reads: 0 },
  },
  { name: 'compute-configs-list', ask: () => ({ path: `${V1}/configs` }), status: 200, budget: { ...READ, reads: 0 } },
  {
    name: 'fleet-instances-list',
    // A page that another one follows: its cursor is sealed with the key that the process has cached.
    ask: ({ project }) => ({ path: `/v2/instances?project=${project}&limit=1` }),
    status: 200,
    budget: READ,
  },
  power('stop', 0),
  power('restart', 10),
  power('reset', 20),
  {
    name: 'compute-instances-create',
    ask: () => ({
      method: 'POST',
      path: `${V1}/instances`,
      body: { template_id: 'ubuntu-22-standard', config_id: 'default-network' },
    }),
    status: 201,
    // Token; look-ups and the project's default SSH keys; the records; the result of Compute Engine.
    budget: { datastoreInSequence: 3, reads: 2, commits: 3, compute: 1, publishes: 1 },
  },
  {
    name: 'compute-instances-delete',
    ask: ({ machineIds }, round) => ({ method: 'DELETE', path: `${V1}/instances/${nth(machineIds, round + 1)}` }),
    status: 204,
    // Token and look-up; the mark; the removals.
    budget: { datastoreInSequence: 4, reads: 2, commits: 3, compute: 1, publishes: 1 },
  },
  {
    name: 'fleet-spot-bids-create',
    ask: ({ project }, round) => ({
      method: 'POST',
      path: '/v2/spot/bids',
      body: {
        project,
        region: 'us-central1-a',
        instance_type: 'it_n1-standard-2',
        limit_price: '$1.00',
        instance_quantity: 16,
        name: `launch-${round}`,
        launch_specification: { volumes: [], ssh_keys: [] },
      },
    }),
    status: 201,
    // Token; look-ups and the keys that the project requires; one commit for all 16 operations. Their messages are
    // published at the same time, in one request for each of the customer's eight lanes.
    budget: { datastoreInSequence: 2, reads: 2, commits: 2, compute: 0, publishes: 8 },
  },
  {
    name: 'admin-instances-get',
    ask: ({ machineIds }) => ({ path: `${V1}/admin/instances/${nth(machineIds, 0)}`, as: 'admin' }),
    status: 200,
    budget: { ...READ, commits: 0, compute: 1 },
  },
  {
    name: 'admin-instances-list',
    ask: () => ({ path: `${V1}/admin/instances?pageSize=20`, as: 'admin' }),
    status: 200,
    // The page and the total in parallel, then the last operations of the page.
    budget: { ...READ, datastoreInSequence: 2, reads: 3, commits: 0 },
  },
];

describe('with warm caches', { timeout: 60_000 }, () => {
  const clients = new TracedClients();
  const servers: Server[] = [];
  let cloudProcess: BenchCloud;
  let cloud: Cloud;

  beforeAll(async () => {
    cloudProcess = await BenchCloud.start({ machines: 6, stopped: 0, records: 40 });
    cloud = cloudProcess.ready;
    const { emulators } = cloud;
    const environment = functionEnvironment({ emulators, repositoryFolder: ROOT, given: { LOG_LEVEL: 'error' } });
    Object.assign(process.env, environment);
  }, 60_000);

  afterAll(() => {
    for (const server of servers) server.close();
    cloudProcess.stop();
  });

  async function serverOf(name: string): Promise<string> {
    const manifest = JSON.parse(await readFile(`${ROOT}/infra/generated/functions.json`, 'utf8')) as {
      readonly functions: readonly { readonly name: string; readonly source: string }[];
    };
    const source = manifest.functions.find((entry) => entry.name === name)?.source ?? name;
    await import(`${ROOT}/${source}`);
    const server = getTestServer(entryPointOf(name)).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('No port.');
    return `http://127.0.0.1:${address.port}`;
  }

  async function ask(base: string, { method = 'GET', path, as = 'owner', body }: Asked): Promise<number> {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        'x-forwarded-authorization': `Bearer ${cloud.tokens[as]}`,
        'x-forwarded-for': '192.0.2.1',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    await response.arrayBuffer();
    return response.status;
  }

  it.each(CASES)('$name costs at most $budget', async ({ name, ask: asked, status, budget }) => {
    const base = await serverOf(name);
    for (const round of [0, 1]) expect(await ask(base, asked(cloud, round))).toBe(status);
    clients.take();

    expect(await ask(base, asked(cloud, 2))).toBe(status);

    const calls = clients.take();
    expect(calls.length).toBeGreaterThan(0);
    expect(overBudget(name, calls, budget)).toEqual([]);
  });
});

describe('round trips', () => {
  const call = (service: 'datastore' | 'compute', method: string, [began, ended]: readonly [number, number]) => ({
    service,
    method,
    began,
    ended,
  });

  it('count one after the other only what waited for the one before', () => {
    const calls = [
      call('datastore', 'lookup', [1, 3]),
      call('datastore', 'commit', [2, 4]),
      call('compute', 'get', [5, 6]),
      call('datastore', 'commit', [7, 8]),
    ];

    expect(roundTrips(calls)).toEqual({ datastoreInSequence: 2, reads: 1, commits: 2, compute: 1, publishes: 0 });
  });

  it('name what grew', () => {
    const calls = [call('datastore', 'lookup', [1, 2]), call('datastore', 'lookup', [3, 4])];

    expect(overBudget('f', calls, READ)).toEqual([
      'f: datastoreInSequence grew to 2, budget 1 (datastore.lookup, datastore.lookup)',
      'f: reads grew to 2, budget 1 (datastore.lookup, datastore.lookup)',
    ]);
  });
});
