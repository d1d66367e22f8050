import { getTestServer } from '@google-cloud/functions-framework/testing';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { functionEnvironment } from '#scripts/local/functions/function-environment.ts';
import type { BenchCloudReady } from '#test/bench/bench-cloud-messages.ts';
import { BenchCloud } from '#test/bench/bench-cloud-process.ts';
import { entryPointOf } from '#shared/runtime/entry-point.ts';
import { outOfStep, overBudget, roundTrips, stepsOf, TracedClients, type RoundTrips } from './traced-clients.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const V1 = '/api/compute/v1';

/** A process trusts a credential for 10 s before it reads it again. */
const CREDENTIAL_FORGOTTEN_MS = 11_000;

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
  /** What goes out beside what, step by step, where a request takes several. */
  readonly steps?: readonly (readonly string[])[];
}

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly as?: keyof Cloud['tokens'];
  readonly body?: unknown;
}

const READ: RoundTrips = {
  steps: 1,
  datastoreInSequence: 1,
  reads: 1,
  commits: 1,
  compute: 0,
  publishes: 0,
  rowsRead: 3,
  rowsWritten: 1,
  // The counter of the rate limit is indexed, because its increment makes it.
  indexEntries: 2,
};
/** The rate-limit token, and the write itself. */
const POWER: RoundTrips = {
  ...READ,
  steps: 3,
  datastoreInSequence: 2,
  commits: 2,
  publishes: 1,
  rowsRead: 1,
  rowsWritten: 3,
  indexEntries: 11,
};

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
    steps: [['commit', 'lookup'], ['commit'], ['publish']],
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
    budget: { ...READ, steps: 2, compute: 1, rowsRead: 1 },
    steps: [['commit', 'lookup'], ['get']],
  },
  { name: 'compute-instances-list', ask: () => ({ path: `${V1}/instances`, as: 'lister' }), status: 200, budget: READ },
  {
    name: 'compute-instances-history',
    ask: ({ machineIds }) => ({ path: `${V1}/instances/${nth(machineIds, 0)}/history` }),
    status: 200,
    budget: { ...READ, reads: 2, rowsRead: 22 },
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
    // No index covers all conditions of this query. The rest is checked on the rows read, so more rows are read than returned.
    budget: { ...READ, rowsRead: 60 },
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
    // Steps: the rate-limit token, beside look-ups and the project's default SSH keys; the commit of the new records; the
    // insert of the VM; the commit of Compute Engine's answer. Rows written: the token, the usage, the operation, the
    // instance and its first event, and with the answer the last three again.
    budget: {
      steps: 4,
      datastoreInSequence: 3,
      reads: 2,
      commits: 3,
      compute: 1,
      publishes: 1,
      rowsRead: 2,
      rowsWritten: 8,
      indexEntries: 58,
    },
    steps: [['commit', 'lookup', 'runQuery'], ['commit'], ['insert'], ['commit', 'publish']],
  },
  {
    name: 'compute-instances-delete',
    ask: ({ machineIds }, round) => ({ method: 'DELETE', path: `${V1}/instances/${nth(machineIds, round + 1)}` }),
    status: 204,
    // Token and look-up; the mark; the VM, beside the usage; the removal. Written: the token; instance, operation and event;
    // the same, the usage and the VM that has to go.
    budget: {
      steps: 4,
      datastoreInSequence: 4,
      reads: 2,
      commits: 3,
      compute: 1,
      publishes: 1,
      rowsRead: 2,
      rowsWritten: 9,
      indexEntries: 65,
    },
    steps: [['commit', 'lookup'], ['commit'], ['delete', 'lookup'], ['commit', 'publish']],
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
    // Token, look-ups beside the keys that the project requires, then one commit for all 16. They are published at once, by one
    // request for each of the customer's eight lanes.
    budget: {
      steps: 3,
      datastoreInSequence: 2,
      reads: 2,
      commits: 2,
      compute: 0,
      publishes: 8,
      rowsRead: 20,
      rowsWritten: 60,
      indexEntries: 742,
    },
  },
  {
    name: 'admin-instances-get',
    ask: ({ machineIds }) => ({ path: `${V1}/admin/instances/${nth(machineIds, 0)}`, as: 'admin' }),
    status: 200,
    budget: { ...READ, steps: 2, commits: 0, compute: 1, rowsRead: 1, rowsWritten: 0, indexEntries: 0 },
  },
  {
    name: 'admin-instances-list',
    ask: () => ({ path: `${V1}/admin/instances?pageSize=20`, as: 'admin' }),
    status: 200,
    // The page and the total, side by side; then the last operations of the page.
    budget: {
      ...READ,
      steps: 2,
      datastoreInSequence: 2,
      reads: 3,
      commits: 0,
      rowsRead: 40,
      rowsWritten: 0,
      indexEntries: 0,
    },
  },
];

describe('with warm caches', () => {
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
  });

  afterEach(() => {
    vi.useRealTimers();
  });

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

  it('signs in a caller whom the process does not know in two steps, tiers included, and knows their rows from then on', async () => {
    // A function that the other tests do not ask, so that its process knows nobody.
    const base = await serverOf('compute-ssh-keys-list');
    const keys = { path: `${V1}/ssh-keys` };
    clients.take();

    expect(await ask(base, keys)).toBe(200);
    const first = clients.take();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + CREDENTIAL_FORGOTTEN_MS });
    expect(await ask(base, keys)).toBe(200);
    const again = clients.take();

    // The row of the session, which has the ids of user and customer; their rows; then the request itself.
    expect(outOfStep(first, [['lookup', 'runQuery'], ['lookup'], ['commit', 'runQuery']])).toEqual([]);
    expect(outOfStep(again, [['lookup'], ['commit', 'runQuery']])).toEqual([]);
    expect(stepsOf(again)).toHaveLength(2);
  });

  it.each(CASES)('$name costs at most $budget', async ({ name, ask: asked, status, budget, steps }) => {
    const base = await serverOf(name);
    for (const round of [0, 1]) expect(await ask(base, asked(cloud, round))).toBe(status);
    clients.take();

    expect(await ask(base, asked(cloud, 2))).toBe(status);

    const calls = clients.take();
    expect(calls.length).toBeGreaterThan(0);
    expect(overBudget(name, calls, budget)).toEqual([]);
    if (steps !== undefined) expect(outOfStep(calls, steps)).toEqual([]);
  });
});

describe('round trips', () => {
  const call = (service: 'datastore' | 'compute', method: string, [began, ended]: readonly [number, number]) => ({
    service,
    method,
    began,
    ended,
    rows: 1,
    indexEntries: method === 'commit' ? 3 : 0,
  });

  it('count one after the other only what waited for the one before', () => {
    const calls = [
      call('datastore', 'lookup', [1, 3]),
      call('datastore', 'commit', [2, 4]),
      call('compute', 'get', [5, 6]),
      call('datastore', 'commit', [7, 8]),
    ];

    expect(roundTrips(calls)).toEqual({
      steps: 3,
      datastoreInSequence: 2,
      reads: 1,
      commits: 2,
      compute: 1,
      publishes: 0,
      rowsRead: 1,
      rowsWritten: 2,
      indexEntries: 6,
    });
  });

  it('are steps, of which each may lack calls but have no others', () => {
    const calls = [
      call('datastore', 'lookup', [1, 3]),
      call('datastore', 'commit', [2, 4]),
      call('compute', 'get', [5, 6]),
    ];

    expect(stepsOf(calls)).toEqual([['commit', 'lookup'], ['get']]);
    expect(outOfStep(calls, [['commit', 'lookup', 'runQuery'], ['get'], ['commit']])).toEqual([]);
    expect(outOfStep(calls, [['lookup'], []])).toEqual(['step 1: commit', 'step 2: get']);
  });

  it('name what grew', () => {
    const calls = [call('datastore', 'lookup', [1, 2]), call('datastore', 'lookup', [3, 4])];

    expect(overBudget('f', calls, READ)).toEqual([
      'f: steps grew to 2, budget 1 (datastore.lookup, datastore.lookup)',
      'f: datastoreInSequence grew to 2, budget 1 (datastore.lookup, datastore.lookup)',
      'f: reads grew to 2, budget 1 (datastore.lookup, datastore.lookup)',
    ]);
  });
});
