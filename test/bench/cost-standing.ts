import { setTimeout as sleep } from 'node:timers/promises';
import { build } from '#scripts/build.ts';
import { functionEnvironment, LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { BenchCloud } from './bench-cloud-process.ts';
import { amountsOf, BILLED_STEP_MS, MEMORY_GIB, MINUTES_PER_MONTH, type Usage, usagePerRequest } from './cost-model.ts';
import { FunctionProcess } from './function-process.ts';
import { dollars } from './prices.ts';

/** Audit events of a machine and month that reach the reconciler: a start and a stop on ten days. */
export const DELIVERED = 20;
const DAYS_PER_MONTH = MINUTES_PER_MONTH / (24 * 60);
const SWEEPS = 4;
const RECOUNTS = 2;
const POWER_OPERATIONS = 20;
/** Time for work that goes on after a reply. */
const QUIET_MS = 300;

export interface Standing {
  readonly workers: readonly { readonly name: string; readonly usage: Usage }[];
  /** Dollars a month for 1,000 machines. */
  readonly lines: readonly { readonly what: string; readonly perMonth: number }[];
}

const WORKERS = [
  'reconciler-sweep',
  'reconciler-sync',
  'quota-recount',
  'power-worker',
  'compute-instances-stop',
] as const;
type Worker = (typeof WORKERS)[number];

/** Measures what a platform costs without requests: the sweep, events of its machines, and the daily recount. */
export async function measureStanding(root: string, machines: number): Promise<Standing> {
  const { folders } = await build();
  const cloud = await BenchCloud.start({ machines, stopped: 0, records: 0 });
  const environment = functionEnvironment({ emulators: cloud.ready.emulators, repositoryFolder: root, given: {} });
  const processes = new Map<Worker, FunctionProcess>();
  try {
    for (const name of WORKERS) {
      processes.set(name, await FunctionProcess.start({ name, source: folders[name] ?? '', environment }));
    }
    const run = (name: Worker, bodies: readonly unknown[]) => measuredRuns(processes.get(name), bodies, cloud);
    const events = cloud.ready.machineIds.slice(0, DELIVERED).map(eventOf);
    // The first run of each fills its process's caches.
    await run('reconciler-sweep', [{}]);
    await run('reconciler-sync', events.slice(0, 2));
    await run('quota-recount', [{}]);
    const sweep = await run(
      'reconciler-sweep',
      Array.from({ length: SWEEPS }, () => ({})),
    );
    const sync = await run('reconciler-sync', events);
    const recount = await run(
      'quota-recount',
      Array.from({ length: RECOUNTS }, () => ({})),
    );
    const accepted = await stopped(processes.get('compute-instances-stop'), cloud);
    const power = await run('power-worker', accepted);
    const perThousand = 1_000 / machines;
    const eventsPerMonth = 1_000 * DELIVERED;
    return {
      workers: [
        { name: `reconciler-sweep, ${machines} VMs`, usage: sweep },
        { name: 'reconciler-sync', usage: sync },
        { name: 'quota-recount', usage: recount },
        { name: 'power-worker, a stop', usage: power },
      ],
      lines: [
        { what: 'sweep, every minute', perMonth: MINUTES_PER_MONTH * dollarsOf(sweep) * perThousand },
        {
          what: `events, ${DELIVERED} a machine, with their rows' TTL deletes`,
          perMonth: eventsPerMonth * dollarsOf(sync),
        },
        { what: 'recount of quotas, every day', perMonth: DAYS_PER_MONTH * dollarsOf(recount) * perThousand },
      ],
    };
  } finally {
    for (const process of processes.values()) await process.stop();
    cloud.stop();
  }
}

/** The instance of a worker serves one delivery or run: it is billed for its time, at least for one step. */
function dollarsOf(usage: Usage): number {
  const billedMs = Math.ceil(usage.processorMs / BILLED_STEP_MS) * BILLED_STEP_MS;
  return dollars(amountsOf(usage, { billedMs, memoryGib: MEMORY_GIB, gateway: false }));
}

async function measuredRuns(
  process: FunctionProcess | undefined,
  bodies: readonly unknown[],
  cloud: BenchCloud,
): Promise<Usage> {
  if (process === undefined) throw new Error('The function does not run.');
  await cloud.trace(0);
  const before = await process.processorMs();
  for (const body of bodies) {
    const response = await fetch(`http://127.0.0.1:${process.port}/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${process.name} was answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }
  await sleep(QUIET_MS);
  const processorMs = (await process.processorMs()) - before;
  return usagePerRequest(await cloud.calls(), { requests: bodies.length, processorMs, logBytes: 0 });
}

/** Accepts stops, and returns the messages that the worker gets about them. */
async function stopped(process: FunctionProcess | undefined, cloud: BenchCloud): Promise<readonly unknown[]> {
  const { machineIds, tokens } = cloud.ready;
  const deliveries: unknown[] = [];
  for (const instanceId of machineIds.slice(-POWER_OPERATIONS)) {
    const url = `http://127.0.0.1:${process?.port ?? 0}/api/compute/v1/instances/${instanceId}/stop`;
    const headers = { 'x-forwarded-authorization': `Bearer ${tokens.owner}`, 'x-forwarded-for': '192.0.2.1' };
    const response = await fetch(url, { method: 'POST', headers });
    const operationId = response.headers.get('operation-location')?.split('/').at(-1);
    if (response.status !== 202 || operationId === undefined)
      throw new Error(`A stop was answered ${response.status}.`);
    deliveries.push(pushOf({ operationId, instanceId }));
  }
  return deliveries;
}

/** The event that Compute Engine logs when a VM starts. */
function eventOf(instanceId: string): unknown {
  return pushOf({
    timestamp: new Date().toISOString(),
    protoPayload: {
      methodName: 'v1.compute.instances.start',
      resourceName: `projects/${LOCAL_PROJECT}/zones/us-central1-a/instances/${instanceId}`,
    },
  });
}

function pushOf(data: unknown): unknown {
  const message = { messageId: '1', data: Buffer.from(JSON.stringify(data)).toString('base64'), attributes: {} };
  return { message, subscription: 'bench' };
}
