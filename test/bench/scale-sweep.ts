import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { whenRunning, type ScaleCloud } from './scale-cloud.ts';

export interface SweepRow {
  readonly machines: number;
  /** VMs whose records differ from them. */
  readonly drifted: number;
  readonly milliseconds: number;
  readonly computeCalls: number;
  readonly datastoreCalls: number;
  readonly entitiesRead: number;
  readonly indexEntriesRead: number;
  readonly commits: number;
}

const INSERTS_AT_ONCE = 16;

/** Measures one whole sweep while all records agree with their VMs, and one while 1 % do not. */
export async function measureSweep(cloud: ScaleCloud, machines: number): Promise<readonly SweepRow[]> {
  const { tools, datastore } = cloud;
  const names = Array.from({ length: machines }, (_, i) => `tw-000001-${i.toString(16).padStart(8, '0')}`);
  await makeMachines(cloud, names);
  const seen = new Map((await whenRunning(tools.compute, machines)).map((machine) => [machine.name, machine]));
  const instances = names.map((id) => {
    const { externalIp = '', internalIp = '', cloudId = '' } = seen.get(id) ?? {};
    return anInstance({ id, externalIp, internalIp, cloudId });
  });
  load(cloud, instances);
  const calm = await measured(cloud, machines, 0);
  const drifted = instances.filter((_, i) => i % 100 === 0);
  load(
    { datastore },
    drifted.map((instance) => ({ ...instance, status: 'TERMINATED' as const, externalIp: '' })),
  );
  // On a large platform not every sweep compares all records; an hour later the second one does too.
  const later = { ...cloud, tools: { ...tools, nowMs: () => tools.nowMs() + 3_600_000 } };
  return [calm, await measured(later, machines, drifted.length)];
}

async function measured({ calls, datastore, tools }: ScaleCloud, machines: number, drifted: number): Promise<SweepRow> {
  calls.spent();
  const before = datastore.stats();
  const startedAtMs = performance.now();
  const report = await sweep({ identity: { database: '', epochMs: 0 }, keptMs: 7 * 86_400_000 }, tools);
  const milliseconds = performance.now() - startedAtMs;
  const after = datastore.stats();
  const spent = calls.spent();
  const sum = (...methods: string[]) => methods.reduce((total, method) => total + (spent.get(method) ?? 0), 0);
  if (!report.full || report.machines !== machines || report.failures > 0) {
    throw new Error(`The sweep was not whole: ${JSON.stringify(report)}`);
  }
  return {
    machines,
    drifted,
    milliseconds,
    computeCalls: sum('instances.aggregatedList', 'instances.get'),
    datastoreCalls: sum('lookup', 'runQuery', 'runAggregationQuery', 'commit'),
    entitiesRead: after.entitiesRead - before.entitiesRead,
    indexEntriesRead: after.indexEntriesRead - before.indexEntriesRead,
    commits: sum('commit'),
  };
}

async function makeMachines({ tools }: ScaleCloud, names: readonly string[]): Promise<void> {
  const { machine, zone } = anInstance();
  const queue = names.map((name, index) => ({ name, index }));
  const lane = async (): Promise<void> => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
      const requestId = `00000000-0000-4000-8000-${item.index.toString(16).padStart(12, '0')}`;
      await tools.compute.insert({ zone, name: item.name }, machine, requestId);
    }
  };
  await Promise.all(Array.from({ length: INSERTS_AT_ONCE }, lane));
}

function load({ datastore }: Pick<ScaleCloud, 'datastore'>, instances: readonly Instance[]): void {
  datastore.bulkLoad(
    instances.map((instance) => ({
      key: {
        partitionId: { projectId: LOCAL_PROJECT, databaseId: '', namespaceId: '' },
        path: [{ kind: INSTANCE.name, name: instance.id }],
      },
      properties: INSTANCE.encode(instance),
    })),
  );
}
