import { createHash } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listProjectInstances, type ProjectListRequest } from '#shared/actions/list-project-instances.ts';
import { readPriceTimeline, readStatusTimeline, type TimelineRequest } from '#shared/actions/read-timeline.ts';
import { SEALING_KEY } from '#shared/datastore/bookkeeping-rows.ts';
import { EVENT, INSTANCE, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import { Store } from '#shared/datastore/store.ts';
import { put, ref, type Write } from '#shared/datastore/write.ts';
import { eventId, type InstanceEvent, nextEvent } from '#shared/domain/history.ts';
import { periodId, type PricePeriod } from '#shared/domain/metering.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import { LIST_CURSORS, ListCursors, type ListTools } from '#shared/pagination/list-cursors.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { TEST_PROJECT, testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

const PROJECT = 'proj_a';
const BEGAN_MS = 1_700_000_000_000;
/** More rows than are read for one page. */
const HIDDEN = 2_010;
/** A gRPC status that no client retries. */
const PERMISSION_DENIED = 7;

const CALLER: Principal = {
  userId: '550e8400-e29b-41d4-a716-446655440000',
  customerId: 'acme',
  projects: [PROJECT, 'proj_b'],
  groups: ['group1'],
  roles: [],
  tier: 'pro',
  credential: { type: 'session', id: 's' },
};
const OTHER: Principal = { ...CALLER, userId: '660e8400-e29b-41d4-a716-446655440000' };
/** The same user in a token of another customer. */
const ELSEWHERE: Principal = { ...CALLER, customerId: 'umbrella' };

const LISTED: ProjectListRequest = {
  caller: CALLER,
  project: PROJECT,
  sort: 'byCreated',
  direction: 'asc',
  filters: {},
  limit: 1,
  cursor: undefined,
};
const READ: TimelineRequest = {
  caller: CALLER,
  project: PROJECT,
  selectors: {},
  window: {},
  limit: 1,
  cursor: undefined,
};

interface AnyPage {
  readonly ids: readonly string[];
  readonly cursor: string | undefined;
}

async function instances(request: Partial<ProjectListRequest>, tools: ListTools): Promise<AnyPage> {
  const page = await listProjectInstances({ ...LISTED, ...request }, tools);
  return { ids: page.instances.map(({ id }) => id), cursor: page.cursor };
}

async function statuses(request: Partial<TimelineRequest>, tools: ListTools): Promise<AnyPage> {
  const page = await readStatusTimeline({ ...READ, ...request }, tools);
  return { ids: page.items.map(({ instanceId }) => instanceId), cursor: page.cursor };
}

async function prices(request: Partial<TimelineRequest>, tools: ListTools): Promise<AnyPage> {
  const page = await readPriceTimeline({ ...READ, ...request }, tools);
  return { ids: page.items.map(({ instanceId }) => instanceId), cursor: page.cursor };
}

const ofGroup = (group: string, id: string, atMs: number) =>
  anInstance({ id, project: PROJECT, createdAtMs: atMs, visibleBy: [group] });

function anEvent(group: string, instanceId: string, atMs: number): InstanceEvent {
  const actor = { type: 'user', id: CALLER.userId } as const;
  return nextEvent(ofGroup(group, instanceId, atMs), {
    status: 'RUNNING',
    atMs,
    cause: 'operation',
    actor,
    operationId: null,
  });
}

function aPeriod(group: string, instanceId: string, startMs: number): PricePeriod {
  return {
    instanceId,
    sequence: 1,
    meter: 'charge',
    machineType: 'n1-standard-2',
    priceCents: 10,
    startMs,
    endMs: null,
    customerId: CALLER.customerId,
    visibleBy: [group],
    project: PROJECT,
    bid: null,
    reservation: null,
  };
}

/** Returns a row that the list shows to `group`. */
type Row = (group: string, id: string, atMs: number) => Write;

/** Position of the row `first` in histories; in the list of instances its position is its id. */
const FIRST_EVENT = position(timeText(BEGAN_MS), eventId('first', 1));
const EVERYTHING = [
  { instance: null, bid: null, reservation: null },
  { start: null, end: null },
];

const LISTS = [
  {
    name: 'instances',
    list: instances,
    row: ((group, id, atMs) => put(INSTANCE, id, ofGroup(group, id, atMs))) satisfies Row,
    scope: { list: 'fleet-instances', caller: CALLER, asked: [PROJECT, 'byCreated', 'asc', []] },
    place: position(timeText(BEGAN_MS), 'first'),
  },
  {
    name: 'status history',
    list: statuses,
    row: ((group, id, atMs) => put(EVENT, eventId(id, 1), anEvent(group, id, atMs))) satisfies Row,
    scope: { list: 'fleet-statuses', caller: CALLER, asked: [PROJECT, ...EVERYTHING] },
    place: FIRST_EVENT,
  },
  {
    name: 'price history',
    list: prices,
    row: ((group, id, atMs) => put(PRICE_PERIOD, periodId(id, 1), aPeriod(group, id, atMs))) satisfies Row,
    scope: { list: 'fleet-prices', caller: CALLER, asked: [PROJECT, ...EVERYTHING] },
    place: FIRST_EVENT,
  },
] as const;

/** Opens a store and tools of several processes, each with its own random numbers. */
async function harness() {
  const datastore = await testDatastore();
  let processes = 0;
  const aProcess = () => {
    processes += 1;
    const store = new Store({
      project: TEST_PROJECT,
      database: '',
      emulatorHost: datastore.address,
      random: () => 0,
      sleep: async () => undefined,
    });
    onTestFinished(() => store.close());
    const seeded = seededRandom(processes);
    const drawn: number[] = [];
    const random = {
      ...seeded,
      hex: (bytes: number) => {
        drawn.push(bytes);
        return seeded.hex(bytes);
      },
    };
    return { store, drawn, cursors: new ListCursors({ store, random }) };
  };
  return { ...datastore, aProcess };
}

async function writeAll(store: Store, writes: readonly Write[]): Promise<void> {
  for (let at = 0; at < writes.length; at += 400) await store.write(writes.slice(at, at + 400));
}

/** Returns a cursor's bytes in several encodings, in which a test looks for other rows' ids. */
function readings(cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  return [cursor, bytes.toString('latin1'), bytes.toString('utf8'), bytes.toString('hex')].join('\n').toLowerCase();
}

describe.each(LISTS)('$name', ({ list, row, scope, place }) => {
  const read = (request: object, tools: ListTools) => list(request, tools);

  test('a page that ends among rows of others leads on to the next visible one, and its cursor gives none of them away', async () => {
    const { store, aProcess } = await harness();
    const hidden = Array.from({ length: HIDDEN }, (_, i) => ({ id: `hidden-${i}`, atMs: BEGAN_MS + 1 + i }));
    const shown = [
      { id: 'first', atMs: BEGAN_MS },
      { id: 'second', atMs: BEGAN_MS + HIDDEN + 1 },
      { id: 'third', atMs: BEGAN_MS + HIDDEN + 2 },
    ];
    await writeAll(store, [
      ...hidden.map(({ id, atMs }) => row('group2', id, atMs)),
      ...shown.map(({ id, atMs }) => row('group1', id, atMs)),
    ]);
    const tools = aProcess();

    const seen: string[] = [];
    const cursors: string[] = [];
    let cursor: string | undefined;
    do {
      const page: AnyPage = await read({ limit: 1, cursor }, tools);
      seen.push(...page.ids);
      cursor = page.cursor;
      if (cursor !== undefined) cursors.push(cursor);
    } while (cursor !== undefined);

    expect(seen).toEqual(['first', 'second', 'third']);
    expect(await tools.cursors.open(cursors[0] ?? '', scope)).toContain('hidden-');
    expect(new Set(cursors.map(({ length }) => length)).size).toBe(1);
    for (const text of cursors.map(readings)) {
      for (const { id, atMs } of [...hidden, ...shown]) {
        for (const told of [id, Buffer.from(id).toString('hex'), String(atMs), timeText(atMs), atMs.toString(16)]) {
          expect(text.includes(told)).toBe(false);
        }
      }
    }
  });

  test('422: a cursor that was altered or made without the key, or is of another caller, project or list', async () => {
    const { store, aProcess } = await harness();
    await writeAll(store, [row('group1', 'first', BEGAN_MS), row('group1', 'second', BEGAN_MS + 1)]);
    const tools = aProcess();
    const { cursor: good = '' } = await read({}, tools);
    const bytes = Buffer.from(good, 'base64url');
    const altered = Array.from(bytes, (_, at) =>
      Buffer.from(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))).toString('base64url'),
    );
    const digest = createHash('sha256')
      .update(JSON.stringify(['list cursor 1', scope, place]))
      .digest();
    const { store: elsewhere } = await testDatastore();
    const forged = [
      Buffer.from(place).toString('base64url'),
      Buffer.concat([digest.subarray(0, 12), Buffer.from(place)]).toString('base64url'),
      await new ListCursors({ store: elsewhere, random: seededRandom(99) }).seal(place, scope),
    ];

    for (const cursor of ['nonsense', ...altered, ...forged]) await expectRefused(read({ cursor }, tools));
    await expectRefused(read({ cursor: good, caller: OTHER }, tools));
    await expectRefused(read({ cursor: good, caller: ELSEWHERE }, tools));
    await expectRefused(read({ cursor: good, project: 'proj_b' }, tools));
    for (const other of LISTS) {
      if (other.list !== list) await expectRefused(other.list({ cursor: good }, tools), other.name);
    }
    expect(await tools.cursors.open(good, scope)).toBe(place);
    expect((await read({ cursor: good }, tools)).ids).toEqual(['second']);
  });

  test('a list that fits on its page asks for no key', async () => {
    const { store } = await harness();
    await writeAll(store, [row('group1', 'first', BEGAN_MS)]);
    const never = async () => Promise.reject(new Error('The store was asked for a key.'));
    const cursors = new ListCursors({ store: { get: never, change: never }, random: seededRandom(1) });

    expect(await read({}, { store, cursors })).toEqual({ ids: ['first'], cursor: undefined });
  });
});

test('422: a cursor of another order or filter, of other selectors or another window', async () => {
  const { store, aProcess } = await harness();
  const rows = LISTS.flatMap(({ row }) => [row('group1', 'first', BEGAN_MS), row('group1', 'second', BEGAN_MS + 1)]);
  await writeAll(store, rows);
  const tools = aProcess();
  const { cursor: list } = await instances({ filters: { zone: 'us-central1-a' } }, tools);
  const { cursor: status } = await statuses({ window: { start: '2020-01-01T00:00:00Z' } }, tools);
  const { cursor: price } = await prices({}, tools);

  const filters = { zone: 'us-central1-a' };
  await expectRefused(instances({ cursor: list }, tools));
  await expectRefused(instances({ cursor: list, filters: { zone: 'us-central1-b' } }, tools));
  await expectRefused(instances({ cursor: list, filters: { ...filters, statuses: [] } }, tools));
  await expectRefused(instances({ cursor: list, filters, sort: 'byStatus' }, tools));
  await expectRefused(instances({ cursor: list, filters, direction: 'desc' }, tools));
  await expectRefused(statuses({ cursor: status }, tools));
  await expectRefused(statuses({ cursor: status, window: { start: '2020-01-02T00:00:00Z' } }, tools));
  await expectRefused(prices({ cursor: price, window: { end: '2100-01-01T00:00:00Z' } }, tools));
  await expectRefused(prices({ cursor: price, selectors: { instance: 'inst_first' } }, tools));
  expect((await instances({ cursor: list, filters }, tools)).ids).toEqual(['second']);
  expect((await statuses({ cursor: status, window: { start: '2020-01-01T00:00:00Z' } }, tools)).ids).toEqual([
    'second',
  ]);
  expect((await prices({ cursor: price }, tools)).ids).toEqual(['second']);
});

describe('the key', () => {
  const A_LIST = { list: 'a list', caller: CALLER, asked: [] };
  const sealedBy = (process: { readonly cursors: ListCursors }) => process.cursors.seal('here', A_LIST);
  const openedBy = (process: { readonly cursors: ListCursors }, cursor: string) => process.cursors.open(cursor, A_LIST);

  test('processes that make it at the same time end with one, and open the cursors of each other', async () => {
    const { aProcess, store } = await harness();
    const processes = Array.from({ length: 5 }, aProcess);

    const cursors = await Promise.all(processes.map(sealedBy));

    expect(processes.filter(({ drawn }) => drawn.includes(32)).length).toBeGreaterThan(1);
    for (const process of processes) {
      for (const cursor of cursors) expect(await openedBy(process, cursor)).toBe('here');
    }
    expect((await store.get(ref(SEALING_KEY, LIST_CURSORS)))?.value.key).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each(['lostAnswer', 'late'] as const)(
    'one whose making was answered %s is the one that is kept',
    async (kind) => {
      const { aProcess, faults } = await harness();
      faults.add([{ service: 'datastore', method: 'commit', kind, count: 1, delayMs: 30 }]);

      const cursor = await sealedBy(aProcess());

      expect(await openedBy(aProcess(), cursor)).toBe('here');
    },
  );

  test('outlives the process that made it', async () => {
    const { aProcess } = await harness();
    const cursor = await sealedBy(aProcess());

    expect(await openedBy(aProcess(), cursor)).toBe('here');
  });

  test('is read once, by the first that needs it, and again when that came to nothing', async () => {
    const { aProcess, store, faults } = await harness();
    await sealedBy(aProcess());
    let asked = 0;
    const counted = {
      get: store.get.bind(store),
      change: (async (decide) => {
        asked += 1;
        return store.change(decide);
      }) as Store['change'],
    };
    const process = { cursors: new ListCursors({ store: counted, random: seededRandom(9) }) };
    faults.add([{ service: 'datastore', method: 'lookup', kind: 'error', count: 1, status: PERMISSION_DENIED }]);

    await expect(sealedBy(process)).rejects.toMatchObject({ kind: 'internal' });
    const cursors = await Promise.all([sealedBy(process), sealedBy(process)]);
    for (const cursor of cursors) expect(await openedBy(process, cursor)).toBe('here');

    expect(asked).toBe(2);
  });
});

async function expectRefused(asked: Promise<unknown>, message?: string): Promise<void> {
  await expect(asked, message).rejects.toMatchObject({
    kind: 'invalid_request',
    fields: [{ place: 'query', pointer: '/next_cursor', rule: 'cursor' }],
  });
}
