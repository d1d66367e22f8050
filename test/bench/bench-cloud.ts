import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { v1 } from '@google-cloud/pubsub';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { type Fault, type FaultKind, Faults, type FaultService } from '#scripts/emulators/faults.ts';
import { PubSubEmulator } from '#scripts/emulators/pubsub/pubsub-emulator.ts';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { CUSTOMER, SESSION, USER } from '#shared/datastore/account-rows.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { connection } from '#shared/datastore/connection.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import { EVENT, INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { put, type Write } from '#shared/datastore/write.ts';
import { eventId, nextEvent } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { LIMITED_OPERATIONS, type LimitedOperation, UNLIMITED } from '#shared/domain/tier.ts';
import { Compute, type Machine } from '#shared/gce/compute.ts';
import { anInstance } from '#test/support/an-instance.ts';
import type {
  BenchCloudMessage,
  BenchCloudReady,
  BenchCloudReport,
  BenchCloudSize,
  TracedCall,
} from './bench-cloud-messages.ts';
import { usageOf } from './datastore-usage.ts';
import { testAuditor } from '#test/support/test-auditor.ts';
import { localStore } from '#test/support/local-store.ts';

/**
 * The benchmarks' cloud, in a process of its own: the embedded emulators, users whose rate limit is never reached, and
 * instances whose records agree with their VMs. It records every call that reaches an emulator, and can delay each
 * response, so that the arrival times show which calls wait for others. Ends with the process that started it.
 */

const DEPLOYMENT = 'local';
const ZONE = 'us-central1-a';
const PROJECT = 'proj_bench';
/** Instances of the user whose list is read. */
const LISTED = 3;
const CUSTOMER_ID = 'bench';
/** Returns a session token of the real form; tokens of another form are refused without a look-up. */
function sessionToken(who: string): string {
  return `cs_${who.padEnd(43, '0')}`;
}

const OWNER = { userId: '00000000-0000-4000-8000-000000000001', token: sessionToken('owner') };
const LISTER = { userId: '00000000-0000-4000-8000-000000000002', token: sessionToken('lister') };
const ADMIN = { userId: '00000000-0000-4000-8000-000000000003', token: sessionToken('admin') };
const GROUPS = ['group1'];
const FAR_MS = 100 * 365 * 86_400_000;

/** Records every call: before each one, an emulator asks here whether a fault is to be injected. */
class CallTrace extends Faults {
  calls: TracedCall[] = [];
  isOn = false;
  delayMs = 0;

  override take(service: FaultService, method: string, kinds?: readonly FaultKind[]): Fault | undefined {
    // Outside a trace, calls are not recorded. An emulator asks again where faults of another kind apply. Pub/Sub makes
    // no push of its own, because there are no subscriptions here.
    if (!this.isOn || kinds?.includes('delay') === false) return super.take(service, method, kinds);
    this.calls.push({ service, method, atMs: performance.now() });
    return this.delayMs === 0 ? undefined : { service, method, kind: 'delay', count: 1, delayMs: this.delayMs };
  }

  /** The last call of a service, which is being answered: the emulators execute calls without interruption. */
  latest(service: FaultService): TracedCall | undefined {
    return this.calls.findLast((call) => call.service === service);
  }
}

const trace = new CallTrace();
const clock = new ShiftableClock();
const size = JSON.parse(process.argv[2] ?? '') as BenchCloudSize;
const datastore = new DatastoreEmulator({
  clock,
  faults: trace,
  compositeIndexes: COMPOSITE_INDEXES,
  onAnswered: (answered) => {
    const call = trace.isOn ? trace.latest('datastore') : undefined;
    if (call !== undefined) call.datastore = usageOf(answered);
  },
  ...(size.contention === true ? { contention: { writesPerSecond: 1, burst: 1 } } : {}),
});
/** Customers besides the first, each with one user. */
const OTHERS = Array.from({ length: (size.customers ?? 1) - 1 }, (_, index) => ({
  customerId: `bench-${index + 2}`,
  userId: `00000000-0000-4000-8000-${String(index + 100).padStart(12, '0')}`,
  token: sessionToken(`creator${index + 2}`),
}));
const pubsub = new PubSubEmulator({
  clock,
  faults: trace,
  onPublished: (bytes) => {
    const call = trace.isOn ? trace.latest('pubsub') : undefined;
    if (call !== undefined) call.publishedBytes = bytes;
  },
});
const compute = new ComputeEmulator({ clock, faults: trace, bootSeconds: 0.05, stopSeconds: 0.05 });

async function start(): Promise<BenchCloudReady> {
  await Promise.all([datastore.start(), pubsub.start(), compute.start()]);
  const publisher = new v1.PublisherClient(connection(pubsub.address));
  await publisher.createTopic({ name: `projects/${LOCAL_PROJECT}/topics/operations` });
  await publisher.close();
  const store = localStore(datastore.address);
  await applyCatalog(store, catalog satisfies Catalog, { auditor: testAuditor() });
  await store.write(people(size, Date.now()));
  const { running: instances, stopped } = await machines(store, size);
  const records = Array.from({ length: size.records }, (_, i) =>
    instanceOf(`tw-000001-${hex(i + 1_000_000)}`, OWNER.userId),
  );
  await writeAll(store, records.map(rowOf));
  const operation = { ...pendingOperation('stop', instances[0] ?? anInstance(), made()), state: 'completed' as const };
  await store.write([put(OPERATION, operation.id, { ...operation, completedAtMs: Date.now() })]);
  await store.close();
  return {
    type: 'ready',
    emulators: { datastore: datastore.address, pubsub: pubsub.address, compute: compute.address },
    tokens: { owner: OWNER.token, lister: LISTER.token, admin: ADMIN.token },
    creators: [OWNER.token, ...OTHERS.map(({ token }) => token)],
    project: PROJECT,
    machineIds: instances.map(({ id }) => id),
    stoppedIds: stopped.map(({ id }) => id),
    recordIds: records.map(({ id }) => id),
    operationId: operation.id,
  };
}

function people({ machines, stopped, records }: BenchCloudSize, nowMs: number): readonly Write[] {
  const perMinute = Object.fromEntries(LIMITED_OPERATIONS.map((name) => [name, 1_000_000_000]));
  return [
    // A high limit instead of an unlimited tier, so that requests update the rate counter as those of real tiers do.
    put(TIER, 'bench', {
      name: 'bench',
      maxInstances: UNLIMITED,
      maxVolumeGb: UNLIMITED,
      perMinute: perMinute as Readonly<Record<LimitedOperation, number>>,
    }),
    put(CUSTOMER, CUSTOMER_ID, { id: CUSTOMER_ID, name: 'Bench', tier: 'bench' }),
    put(USAGE, CUSTOMER_ID, { instances: machines + stopped + records + LISTED }),
    ...OTHERS.map(({ customerId }) => put(CUSTOMER, customerId, { id: customerId, name: 'Bench', tier: 'bench' })),
    ...[...[OWNER, LISTER, ADMIN].map((person) => ({ ...person, customerId: CUSTOMER_ID })), ...OTHERS].flatMap(
      ({ userId, customerId, token }) => [
        put(USER, userId, {
          id: userId,
          customerId,
          name: 'bench',
          projects: [PROJECT],
          groups: GROUPS,
          roles: token === ADMIN.token ? ['compute_admin'] : [],
          createdAtMs: nowMs,
        }),
        put(SESSION, createHash('sha256').update(token).digest('hex'), {
          userId,
          customerId,
          createdAtMs: nowMs,
          expiresAtMs: nowMs + FAR_MS,
          revokedAtMs: null,
        }),
      ],
    ),
  ];
}

/** Creates the VMs before the records, because every read of a record that differs from its VM would write it. */
async function machines(
  store: Store,
  size: BenchCloudSize,
): Promise<{ readonly running: readonly Instance[]; readonly stopped: readonly Instance[] }> {
  const client = new Compute({ project: LOCAL_PROJECT, deployment: DEPLOYMENT, emulatorHost: compute.address });
  const named = (prefix: string, length: number, owner: typeof OWNER) =>
    Array.from({ length }, (_, i) => instanceOf(`${prefix}-${hex(i)}`, owner.userId));
  const wanted = [
    ...named('tw-000001', size.machines, OWNER),
    ...named('tw-000002', LISTED, LISTER),
    ...named('tw-000003', size.stopped, OWNER),
  ];
  for (const [index, { id, machine }] of wanted.entries()) {
    await client.insert({ zone: ZONE, name: id }, machine, requestId(index));
  }
  const made: Instance[] = [];
  for (const [index, instance] of wanted.entries()) {
    const place = { zone: ZONE, name: instance.id };
    const status = index < size.machines + LISTED ? 'RUNNING' : 'TERMINATED';
    let machine = await inStatus(client, instance.id, 'RUNNING');
    if (status === 'TERMINATED') {
      await client.request('stop', place, requestId(wanted.length + index));
      machine = await inStatus(client, instance.id, status);
    }
    const { externalIp, internalIp, cloudId } = machine;
    made.push({ ...instance, status, externalIp, internalIp, cloudId, eventCount: 1 });
  }
  await client.close();
  await writeAll(store, made.map(rowOf));
  await writeAll(store, made.map(eventOf));
  const owned = made.filter(({ userId }) => userId === OWNER.userId);
  return { running: owned.slice(0, size.machines), stopped: owned.slice(size.machines) };
}

async function inStatus(client: Compute, name: string, status: Machine['status']): Promise<Machine> {
  for (;;) {
    const machine = await client.get({ zone: ZONE, name });
    if (machine?.status === status) return machine;
    await sleep(10);
  }
}

/** Returns a UUID, the form that Compute Engine requires. */
function requestId(index: number): string {
  return `00000000-0000-4000-8000-${hex(index).padStart(12, '0')}`;
}

function instanceOf(id: string, userId: string): Instance {
  return anInstance({ id, userId, customerId: CUSTOMER_ID, visibleBy: GROUPS, zone: ZONE, project: PROJECT });
}

function rowOf(instance: Instance): Write {
  return put(INSTANCE, instance.id, instance);
}

function eventOf(instance: Instance): Write {
  const actor = { type: 'user' as const, id: instance.userId };
  const event = nextEvent(
    { ...instance, eventCount: 0 },
    { status: instance.status, atMs: instance.createdAtMs, cause: 'operation', actor, operationId: null },
  );
  return put(EVENT, eventId(instance.id, event.sequence), event);
}

function made() {
  const actor = { type: 'user' as const, id: OWNER.userId };
  return { id: 'op-0bench000000000000', actor, requestId: 'bench-request', atMs: Date.now() };
}

async function writeAll(store: Store, writes: readonly Write[]): Promise<void> {
  for (let at = 0; at < writes.length; at += 400) await store.write(writes.slice(at, at + 400));
}

function hex(number: number): string {
  return number.toString(16).padStart(8, '0');
}

function say(report: BenchCloudReport): void {
  process.send?.(report);
}

process.on('message', (sent) => {
  const message = sent as BenchCloudMessage;
  if (message.type === 'trace') {
    trace.calls = [];
    trace.delayMs = message.delayMs;
    trace.isOn = true;
    say({ type: 'tracing' });
  } else {
    trace.isOn = false;
    say({ type: 'calls', calls: trace.calls });
  }
});
process.on('disconnect', () => process.exit(0));
say(await start());
