import { createInstance } from '#shared/actions/create-instance.ts';
import { listInstances } from '#shared/actions/list-instances.ts';
import { listOwnInstances } from '#shared/actions/list-own-instances.ts';
import { readInstance } from '#shared/actions/read-instance.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { UNLIMITED } from '#shared/domain/tier.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { seededInstances } from '#test/support/seeded-instances.ts';
import { percentile } from './load.ts';
import type { ScaleCloud } from './scale-cloud.ts';
import { seedInstances } from './seed-instances.ts';
import { TIER } from '#test/http/a-pipeline.ts';

export interface LatencyRow {
  readonly records: number;
  readonly action: string;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Reads per request, as the store counts them. */
  readonly entitiesRead: number;
  readonly indexEntriesRead: number;
}

/** Instances that get a VM and are used by the measured requests. */
const READ = 20;
/** Half of the seeded instances are in this zone. */
const ZONE = 'us-central1-a';

/** Measures the latency of four kinds of requests over this many instance records, one request after the other. */
export async function measureLatency(cloud: ScaleCloud, records: number, runs: number): Promise<readonly LatencyRow[]> {
  seedInstances(cloud.datastore, records, (done) => process.stderr.write(`seeded ${done} of ${records}\n`));
  const chosen = chosenInstances(records);
  const { tools } = cloud;
  for (const [index, { zone, id, machine }] of chosen.entries()) {
    const requestId = `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
    await tools.compute.insert({ zone, name: id }, machine, requestId);
  }
  const instance = (run: number) => chosen[run % chosen.length] ?? anInstance();
  const actions: readonly (readonly [string, (run: number) => Promise<unknown>])[] = [
    ['get', (run) => readInstance({ instanceId: instance(run).id, caller: callerOf(instance(run)) }, tools)],
    ['list', (run) => listOwnInstances({ caller: callerOf(instance(run)) }, tools)],
    ['create', (run) => create(cloud, instance(run))],
    ['admin list, page 1', () => listInstances({ page: 1, pageSize: 20, filters: {} }, tools)],
  ];
  const rows: LatencyRow[] = [];
  for (const [action, ask] of actions) {
    // The first requests warm caches, and store the addresses of VMs that were only just created.
    for (let run = 0; run < 2 * READ; run += 1) await ask(run);
    rows.push({ records, action, ...(await repeated(cloud, ask, runs)) });
  }
  return rows;
}

async function repeated({ datastore }: ScaleCloud, ask: (run: number) => Promise<unknown>, runs: number) {
  const before = datastore.stats();
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const startedAtMs = performance.now();
    await ask(run);
    times.push(performance.now() - startedAtMs);
  }
  const after = datastore.stats();
  times.sort((a, b) => a - b);
  return {
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    entitiesRead: (after.entitiesRead - before.entitiesRead) / runs,
    indexEntriesRead: (after.indexEntriesRead - before.indexEntriesRead) / runs,
  };
}

function create({ tools }: ScaleCloud, owner: Instance): Promise<unknown> {
  const caller = callerOf(owner);
  return createInstance(
    {
      caller,
      actor: { type: 'user', id: caller.userId },
      tier: { ...TIER, maxInstances: UNLIMITED },
      requestId: tools.random.hex(8),
      idempotencyKey: undefined,
      idPrefix: 'tw',
      blueprint: () => Promise.resolve({ ...owner, displayName: null }),
      answer: () => ({ status: 201 }),
    },
    tools,
  );
}

/** Returns running instances, spread evenly over the seeded records. */
function chosenInstances(records: number): readonly Instance[] {
  const chosen: Instance[] = [];
  let index = 0;
  for (const instance of seededInstances(records)) {
    if (index >= (chosen.length * records) / READ && instance.status === 'RUNNING' && instance.zone === ZONE)
      chosen.push(instance);
    index += 1;
  }
  return chosen;
}

function callerOf({ userId, customerId, visibleBy }: Instance): Principal {
  const credential = { type: 'session' as const, id: 'bench' };
  return { userId, customerId, projects: [], groups: visibleBy, roles: [], tier: 'bench', credential };
}
