import { describe, expect, it, onTestFinished } from 'vitest';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import { parseLogFilter } from '#scripts/emulators/logging/log-filter.ts';
import { DATABASE_MARKER, MARKER, ORPHAN, USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import { newOrphan } from '#shared/lifecycle/new-orphan.ts';
import { openBase } from '#shared/runtime/base-tools.ts';
import { JsonLog } from '#shared/runtime/log.ts';
import { recordDeadLetter } from '#shared/workers/record-dead-letter.ts';
import { recountCustomer } from '#shared/workers/recount.ts';
import { sweep } from '#shared/workers/sweep.ts';
import { served } from '#test/http/a-pipeline.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { ZONE } from '#test/support/compute-cloud.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { generated, terraformFiles } from './terraform-sources.ts';
import { argumentOf, filledTemplate, localOf } from './terraform-text.ts';

/*
 * Tests the filters of the metrics that Terraform makes. Their log lines are written by the product's own code in the
 * counted situation; none is written by hand.
 */

const { functions } = generated('functions.json') as FunctionManifest;
const SERVICES = functions.map(({ name }) => `production-${name}`);

/** The message that each counter's filter names. */
const MESSAGES = Object.fromEntries(
  [
    ...(terraformFiles().find(({ name }) => name === 'monitoring.tf')?.text ?? '').matchAll(
      /^ {4}(\w+) += \{ message = "([^"]+)"/gm,
    ),
  ].map(([, counter = '', message = '']) => [counter, message]),
);

const OWN = `resource.type="cloud_run_revision" AND resource.labels.service_name=(${SERVICES.map((name) => `"${name}"`).join(' OR ')})`;

function counterFilter(message: string) {
  const template = argumentOf('google_logging_metric.counter', 'filter');
  const values = { 'local._own': OWN, 'jsonencode(each.value.message)': JSON.stringify(message) };
  return parseLogFilter(filledTemplate(template, values));
}

const REQUESTS = Object.fromEntries(
  ['failures', 'requests'].map((name) => {
    const objectives = terraformFiles().find((each) => each.name === 'objectives.tf')?.text ?? '';
    const [, template = ''] = new RegExp(`^ {4}${name} = \\{\\n.*\\n +filter += "(.*)"$`, 'm').exec(objectives) ?? [];
    const values = {
      'local._own': OWN,
      'local._not_ours': localOf('objectives.tf', '_not_ours'),
      'local._no_instance': localOf('objectives.tf', '_no_instance'),
    };
    return [name, parseLogFilter(filledTemplate(template.replaceAll('\\"', '"'), values))];
  }),
);

/**
 * Returns a function's log, with its lines as Cloud Logging stores them: Cloud Run adds the resource, and the logging
 * agent moves some members.
 */
function functionLog() {
  const text: string[] = [];
  const logDestination = { write: (line: string) => void text.push(line) };
  const entries = (service = SERVICES[0]) =>
    text.map((line) => {
      const { severity, time, ...jsonPayload } = JSON.parse(line) as Record<string, unknown>;
      const resource = { type: 'cloud_run_revision', labels: { service_name: service } };
      return { resource, severity, timestamp: time, jsonPayload };
    });
  return { log: new JsonLog({ logLevel: 'info', project: 'demo-project' }, logDestination), logDestination, entries };
}

const SETTINGS = { identity: { database: '', epochMs: 0 }, keptMs: 7 * 86_400_000 };

/** Creates a VM with its record, old enough for the sweep, and a sweep over it. */
async function platform() {
  const { log, entries } = functionLog();
  const world = await cloudAndRecords({ bootSeconds: 1, stopSeconds: 1 });
  const tools = { ...world.tools, log };
  const recorded = anInstance({ machine: { ...anInstance().machine, machineType: 'e2-medium' } });
  await world.cloud.insert(recorded.id, { labels: OUR_LABEL });
  await world.put(recorded);
  const later = async () => {
    world.cloud.clock.advance(600);
    await sweep(SETTINGS, tools);
  };
  await later();
  return { ...world, tools, entries, id: recorded.id, later };
}

type Entries = ReturnType<ReturnType<typeof functionLog>['entries']>;

/** Produces the log entries of the situation that each counter counts. */
const HAPPENS: Readonly<Record<string, () => Promise<Entries>>> = {
  sweeps: async () => (await platform()).entries(),
  cloud_changes: async () => {
    const { cloud, id, later, entries } = await platform();
    await cloud.instances.stop(cloud.at(id));
    await later();
    return entries();
  },
  orphans: async () => {
    const { cloud, later, entries } = await platform();
    await cloud.insert('tw-000000-00000001', { labels: OUR_LABEL });
    await later();
    return entries();
  },
  brake: async () => {
    const { cloud, later, entries } = await platform();
    for (let index = 1; index <= 6; index += 1) await cloud.insert(`tw-000000-0000000${index}`, { labels: OUR_LABEL });
    await later();
    return entries();
  },
  foreign_sweeps: async () => {
    const { store, later, entries } = await platform();
    await store.write([put(DATABASE_MARKER, MARKER, { database: 'another', epochMs: 0, madeAtMs: 1 })]);
    await later();
    return entries();
  },
  failed_parts: async () => {
    const { cloud, later, entries } = await platform();
    const method = 'instances.aggregatedList';
    cloud.faults.add([{ service: 'compute', method, kind: 'error', status: 403, count: 1 }]);
    await later();
    return entries();
  },
  stuck_machines: async () => {
    const { store, compute, id, tools, later, entries } = await platform();
    const orphan = newOrphan({ name: id, zone: ZONE }, { why: 'deleted', atMs: tools.nowMs(), mayAppear: false });
    await store.write([put(ORPHAN, id, orphan)]);
    compute.request = () => Promise.reject(new CloudError('permission_denied', 'no'));
    await later();
    return entries();
  },
  dead_letters: async () => {
    const { tools, entries } = await platform();
    await recordDeadLetter({ messageId: 'm-1', data: {}, attributes: {}, attempt: 10 }, tools);
    return entries();
  },
  quota_drift: async () => {
    const { log, entries } = functionLog();
    const { store } = await testDatastore();
    await store.write([put(USAGE, 'acme', { instances: 3 })]);
    const tools = { store, log, nowMs: () => 0, sleep: async () => undefined, random: seededRandom(1) };
    await recountCustomer('acme', tools, { dryRun: false });
    return entries();
  },
  cache_rejected: async () => {
    const noted = Symbol.for('compute-api.code-cache');
    Reflect.set(globalThis, noted, 'rejected');
    onTestFinished(() => void Reflect.deleteProperty(globalThis, noted));
    const { logDestination, entries } = functionLog();
    const { address } = await testDatastore();
    const environment = { GOOGLE_CLOUD_PROJECT: 'demo-project', DATASTORE_EMULATOR_HOST: address };
    const surroundings = { nowMs: () => 0, sleep: async () => undefined, random: seededRandom(1), logDestination };
    await openBase(environment, surroundings).store.close();
    return entries();
  },
};

describe('the metric', () => {
  it('of every counter is tried', () => {
    expect(Object.keys(HAPPENS).sort()).toEqual(Object.keys(MESSAGES).sort());
    const own = terraformFiles().find(({ name }) => name === 'monitoring.tf')?.text ?? '';
    expect(own).toContain(
      '"resource.type=\\"cloud_run_revision\\" AND resource.labels.service_name=(${join(" OR ", [for service in values(local._service) : "\\"${service}\\""])})"',
    );
  });

  it.each(Object.entries(HAPPENS))(
    '%s counts the line that the code writes, of its own environment alone',
    async (counter, happens) => {
      const entries = await happens();
      const counts = counterFilter(MESSAGES[counter] ?? '');

      expect(entries.filter(counts)).toHaveLength(
        counter === 'sweeps'
          ? 1
          : entries.filter(({ jsonPayload }) => jsonPayload['message'] === MESSAGES[counter]).length,
      );
      expect(entries.filter(counts).length).toBeGreaterThan(0);
      const foreign = entries.map((entry) => ({
        ...entry,
        resource: { ...entry.resource, labels: { service_name: 'staging-reconciler-sweep' } },
      }));
      expect(foreign.filter(counts)).toEqual([]);
    },
  );

  it('of the oldest operation finds its number in the line of a sweep', async () => {
    const [, path = ''] =
      /EXTRACT\((.*)\)/.exec(argumentOf('google_logging_metric.oldest_operation', 'value_extractor')) ?? [];
    const template = argumentOf('google_logging_metric.oldest_operation', 'filter');
    const values = {
      'local._own': OWN,
      'jsonencode(local._log_counters.sweeps.message)': JSON.stringify(MESSAGES['sweeps']),
    };
    const counts = parseLogFilter(filledTemplate(template, values));

    const [entry] = (await (HAPPENS['sweeps'] ?? expect.fail())()).filter(counts);

    const value = path.split('.').reduce<unknown>((at, name) => Reflect.get(Object(at), name), entry);
    expect(value).toBeTypeOf('number');
  });
});

describe('the objective of availability', () => {
  const entriesOf = async (thrown?: Failure) => {
    const { log, entries } = functionLog();
    const handle = thrown === undefined ? {} : { handle: () => Promise.reject(thrown) };
    const { lines } = await served({}, handle);
    for (const line of lines) log.request(line);
    return entries('production-compute-instances-create');
  };

  it.each([
    ['a request that is served', undefined, { requests: 1, failures: 0 }],
    [
      'a mistake of the caller',
      new Failure('conflict', 'No.', { reason: 'wrong_state' }),
      { requests: 1, failures: 0 },
    ],
    ['a failure of ours', new Failure('internal', 'No.'), { requests: 1, failures: 1 }],
    [
      'a store that does not answer',
      new Failure('unavailable', 'No.', { reason: 'contention' }),
      { requests: 1, failures: 1 },
    ],
    [
      'a zone without capacity, which is no failure of ours',
      new Failure('zone_exhausted', 'No.', { reason: 'zone_exhausted' }),
      { requests: 1, failures: 0 },
    ],
  ])('counts %s', async (_, thrown, counted) => {
    const entries = await entriesOf(thrown);

    expect(
      Object.fromEntries(Object.entries(REQUESTS).map(([name, counts]) => [name, entries.filter(counts).length])),
    ).toEqual(counted);
  });
});
