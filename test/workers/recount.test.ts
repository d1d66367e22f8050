import { describe, expect, test } from 'vitest';
import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCES_OF_CUSTOMER } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { VOLUME, VOLUME_USAGE } from '#shared/datastore/volume-rows.ts';
import { erase, insert, put, ref, remove, replace } from '#shared/datastore/write.ts';
import type { Log } from '#shared/domain/log.ts';
import { release } from '#shared/domain/quota.ts';
import { recountAll, recountCustomer } from '#shared/workers/recount.ts';
import { aVolume } from '#test/support/a-volume.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { storeWith } from '#test/support/store-with.ts';

interface Line {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

async function harness() {
  const { store } = await testDatastore();
  const lines: Line[] = [];
  const note = (message: string, fields?: Readonly<Record<string, unknown>>) => void lines.push({ message, fields });
  const log: Log = { info: note, warn: note, error: note, critical: note };
  const nowMs = () => 1_700_000_000_000;
  return { store, lines, tools: { store, log, nowMs, sleep: async () => undefined, random: seededRandom(1) } };
}

async function instances(store: Store, customerId: string, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, i) => `${customerId}-${i}`);
  await store.write(ids.map((id) => put(INSTANCE, id, anInstance({ id, customerId }))));
}

const used = async (store: Store, customerId: string) => (await store.get(ref(USAGE, customerId)))?.value.instances;

describe('one customer', () => {
  test.each([
    ['too high', 5, 2],
    ['too low', 1, 2],
    ['of a customer whose instances are all gone', 3, 0],
  ])('a usage that is %s is repaired and logged', async (_, recorded, counted) => {
    const { store, tools, lines } = await harness();
    await instances(store, 'acme', counted);
    await store.write([put(USAGE, 'acme', { instances: recorded })]);

    const [drift] = await recountCustomer('acme', tools, { dryRun: false });

    expect(drift).toEqual({ customerId: 'acme', of: 'instances', recorded, counted, repaired: true });
    expect(await used(store, 'acme')).toBe(counted);
    expect(lines).toEqual([{ message: 'quota usage was not what the customer has', fields: drift }]);
  });

  test('a row that is missing is made', async () => {
    const { store, tools } = await harness();
    await instances(store, 'acme', 2);

    expect(await recountCustomer('acme', tools, { dryRun: false })).toMatchObject([{ recorded: null, counted: 2 }]);
    expect(await used(store, 'acme')).toBe(2);
  });

  test('what is right is left alone, and nothing is said', async () => {
    const { store, tools, lines } = await harness();
    await instances(store, 'acme', 2);
    await store.write([put(USAGE, 'acme', { instances: 2 })]);
    const before = await store.get(ref(USAGE, 'acme'));

    expect(await recountCustomer('acme', tools, { dryRun: false })).toEqual([]);
    expect(await recountCustomer('nobody', tools, { dryRun: false })).toEqual([]);

    expect((await store.get(ref(USAGE, 'acme')))?.version).toBe(before?.version);
    expect(lines).toEqual([]);
  });

  test.each([
    ['too high', 500, 80],
    ['too low', 10, 80],
  ])('GB of volumes that are %s are repaired; deleted volumes do not count', async (_, recorded, counted) => {
    const { store, tools } = await harness();
    const volumes = [
      aVolume({ id: 'vol-1', sizeGb: 50 }),
      aVolume({ id: 'vol-2', sizeGb: 30, state: 'creating' }),
      aVolume({ id: 'vol-3', sizeGb: 70, state: 'deleted', deletedAtMs: 1 }),
      aVolume({ id: 'vol-4', sizeGb: 70, customerId: 'umbrella' }),
    ];
    await store.write(volumes.map((volume) => put(VOLUME, volume.id, volume)));
    await store.write([put(VOLUME_USAGE, 'acme', { gb: recorded })]);

    const drifts = await recountCustomer('acme', tools, { dryRun: false });

    expect(drifts).toEqual([{ customerId: 'acme', of: 'volumeGb', recorded, counted, repaired: true }]);
    expect((await store.get(ref(VOLUME_USAGE, 'acme')))?.value).toEqual({ gb: counted });
    expect(await recountCustomer('acme', tools, { dryRun: false })).toEqual([]);
  });

  test('a dry run says what is off and writes nothing', async () => {
    const { store, tools } = await harness();
    await instances(store, 'acme', 2);
    await store.write([put(USAGE, 'acme', { instances: 9 })]);

    const [drift] = await recountCustomer('acme', tools, { dryRun: true });

    expect(drift).toEqual({ customerId: 'acme', of: 'instances', recorded: 9, counted: 2, repaired: false });
    expect(await used(store, 'acme')).toBe(9);
  });
});

describe('while creates and deletes go on', () => {
  /** Creates an instance as far as the quota is concerned: usage and instance in one commit. */
  async function create(store: Store, id: string): Promise<void> {
    await store.change(async () => {
      const usage = await store.get(ref(USAGE, 'acme'));
      const count = (usage?.value.instances ?? 0) + 1;
      const write =
        usage === undefined ? insert(USAGE, 'acme', { instances: 1 }) : replace(usage, { instances: count });
      return { writes: [insert(INSTANCE, id, anInstance({ id })), write], result: undefined };
    });
  }

  async function destroy(store: Store, id: string): Promise<void> {
    await store.change(async () => {
      const [row, usage] = await store.getAll([ref(INSTANCE, id), ref(USAGE, 'acme')]);
      if (row === undefined) return { writes: [], result: undefined };
      const writes = [remove(row)];
      if (usage !== undefined) writes.push(replace(usage, { instances: release(usage.value.instances) }));
      return { writes, result: undefined };
    });
  }

  /** Returns a store that runs `work` directly after each of the first `times` counts. */
  function disturbed(store: Store, times: number, work: (time: number) => Promise<void>): Store {
    let left = times;
    return storeWith(store, {
      count: async (...args) => {
        const count = await store.count(...args);
        if (left > 0) await work((left -= 1));
        return count;
      },
    });
  }

  test('a reservation made between count and repair is not lost', async () => {
    const { store, tools } = await harness();
    await instances(store, 'acme', 2);
    await store.write([put(USAGE, 'acme', { instances: 7 })]);
    const busy = disturbed(store, 3, (time) => create(store, `new-${time}`));

    const [drift] = await recountCustomer('acme', { ...tools, store: busy }, { dryRun: false });

    expect(drift).toMatchObject({ counted: 5, repaired: true });
    expect(await used(store, 'acme')).toBe(5);
  });

  test('a delete that leaves a usage of 0 as it is, and so its version, is not missed', async () => {
    const { store, tools } = await harness();
    await instances(store, 'acme', 3);
    await store.write([put(USAGE, 'acme', { instances: 0 })]);
    const busy = disturbed(store, 1, () => destroy(store, 'acme-0'));

    await recountCustomer('acme', { ...tools, store: busy }, { dryRun: false });

    expect(await used(store, 'acme')).toBe(2);
  });

  test('a delete while there is no row at all is not missed', async () => {
    const { store, tools } = await harness();
    await instances(store, 'acme', 3);
    const busy = disturbed(store, 1, () => destroy(store, 'acme-0'));

    await recountCustomer('acme', { ...tools, store: busy }, { dryRun: false });

    expect(await used(store, 'acme')).toBe(2);
  });

  test('a customer whose rows never stand still is left as they are, and that is logged', async () => {
    const { store, tools, lines } = await harness();
    await instances(store, 'acme', 2);
    await store.write([put(USAGE, 'acme', { instances: 7 })]);
    const busy = disturbed(store, 1_000, (time) => create(store, `new-${time}`));

    const [drift] = await recountCustomer('acme', { ...tools, store: busy }, { dryRun: false });

    expect(drift).toBeUndefined();
    expect(await used(store, 'acme')).toBe(27);
    expect(lines.map(({ message }) => message)).toEqual(['a quota could not be recounted: it never stood still']);
  });

  test('whatever goes on, in the end usage is the number of instances', async () => {
    const { store, tools } = await harness();
    const random = seededRandom(Number(process.env['SEED'] ?? 7));
    await instances(store, 'acme', 10);
    await store.write([put(USAGE, 'acme', { instances: 42 })]);
    const change = async (worker: number) => {
      for (let i = 0; i < 12; i += 1) {
        if (random.fraction() < 0.5) await create(store, `made-${worker}-${i}`);
        else await destroy(store, `acme-${Math.floor(random.fraction() * 10)}`);
      }
    };

    await Promise.all([change(1), change(2), recountCustomer('acme', tools, { dryRun: false })]);
    await recountCustomer('acme', tools, { dryRun: false });

    const count = await store.count(INSTANCES_OF_CUSTOMER, { customerId: { stringValue: 'acme' } });
    expect(await used(store, 'acme')).toBe(count);
  });
});

describe('all customers', () => {
  const customers = (ids: readonly string[]) => ids.map((id) => put(CUSTOMER, id, { id, name: id, tier: 'pro' }));

  test('customers without a usage and usages without a customer are looked at too, each once', async () => {
    const { store, tools } = await harness();
    await store.write([
      ...customers(['acme', 'quiet', 'umbrella']),
      put(USAGE, 'umbrella', { instances: 1 }),
      put(USAGE, 'gone', { instances: 4 }),
    ]);
    await instances(store, 'acme', 2);
    await instances(store, 'umbrella', 1);

    const report = await recountAll(tools, { dryRun: false });

    expect(report).toMatchObject({ customers: 4, finished: true });
    expect(report.drifts.map(({ customerId, recorded, counted }) => [customerId, recorded, counted])).toEqual([
      ['acme', null, 2],
      ['gone', 4, 0],
    ]);
    expect(await recountAll(tools, { dryRun: false })).toMatchObject({ customers: 4, drifts: [] });
  });

  test('a run that is out of time is finished by the next ones', async () => {
    const { store, tools } = await harness();
    const ids = Array.from({ length: 450 }, (_, i) => `customer-${String(i).padStart(3, '0')}`);
    await store.write(customers(ids));
    await store.write([put(USAGE, 'customer-449', { instances: 3 })]);
    let ms = 0;
    const hurried = { ...tools, nowMs: () => (ms += 1_000) };
    const run = () => recountAll(hurried, { dryRun: false, remember: true, deadlineMs: ms + 2_500 });

    const reports = [];
    for (let i = 0; i < 10; i += 1) {
      const report = await run();
      reports.push(report);
      if (report.finished) break;
    }

    expect(reports.length).toBeGreaterThan(1);
    expect(reports.reduce((sum, report) => sum + report.customers, 0)).toBe(450);
    expect(reports.flatMap(({ drifts }) => drifts.map(({ customerId }) => customerId))).toEqual(['customer-449']);
    expect(await used(store, 'customer-449')).toBe(0);
    await store.write([erase(ref(USAGE, 'customer-449'))]);
    expect((await run()).customers).toBeGreaterThan(0);
  });
});
