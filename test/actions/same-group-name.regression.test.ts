import { describe, expect, test } from 'vitest';
import { batchPower } from '#shared/actions/batch-power.ts';
import { requireSameUse } from '#shared/actions/idempotent.ts';
import { listProjectInstances } from '#shared/actions/list-project-instances.ts';
import { readHistory } from '#shared/actions/read-history.ts';
import { listOwnInstances } from '#shared/actions/list-own-instances.ts';
import { readOperation } from '#shared/actions/read-operation.ts';
import { readPriceTimeline, readStatusTimeline } from '#shared/actions/read-timeline.ts';
import { IDEMPOTENCY, type IdempotencyRecord } from '#shared/datastore/bookkeeping-rows.ts';
import { EVENT, INSTANCE, OPERATION, PRICE_PERIOD } from '#shared/datastore/rows.ts';
import { put, ref, type Write } from '#shared/datastore/write.ts';
import { canSee } from '#shared/domain/access.ts';
import { eventId, nextEvent } from '#shared/domain/history.ts';
import { periodId, type PricePeriod } from '#shared/domain/metering.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { ListCursors } from '#shared/pagination/list-cursors.ts';
import { ALICE } from '#test/http/a-pipeline.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

/*
 * Access was decided by group names alone, so a group of the same name opened another customer's machines. Mallory is
 * in such a group of another customer, and has a token that names the user and the project of Alice.
 */

const PROJECT = 'proj_acme00000000';
const ATMS = 1_700_000_000_000;
const OWNER: Principal = { ...ALICE, projects: [PROJECT] };
const MALLORY: Principal = { ...OWNER, customerId: 'umbrella' };

const INSTANCE_OF_ALICE = anInstance({ project: PROJECT, eventCount: 0 });
const { id: ID, customerId, visibleBy, project, bid, reservation } = INSTANCE_OF_ALICE;
const ACTOR = { type: 'user', id: OWNER.userId } as const;
const OPERATION_OF_ALICE = pendingOperation('stop', INSTANCE_OF_ALICE, {
  id: 'op-0000000000000000000',
  actor: ACTOR,
  requestId: 'request-1',
  atMs: ATMS,
});
const EVENT_OF_ALICE = nextEvent(INSTANCE_OF_ALICE, {
  status: 'RUNNING',
  atMs: ATMS,
  cause: 'operation',
  actor: ACTOR,
  operationId: null,
});
const PERIOD_OF_ALICE: PricePeriod = {
  ...{ instanceId: ID, sequence: 1, meter: 'charge', machineType: 'm', priceCents: 10, startMs: ATMS, endMs: null },
  ...{ customerId, visibleBy, project, bid, reservation },
};

async function harness(rows: readonly Write[] = []) {
  const { store } = await testDatastore();
  await store.write([
    put(INSTANCE, ID, INSTANCE_OF_ALICE),
    put(OPERATION, OPERATION_OF_ALICE.id, OPERATION_OF_ALICE),
    put(EVENT, eventId(ID, 1), EVENT_OF_ALICE),
    put(PRICE_PERIOD, periodId(ID, 1), PERIOD_OF_ALICE),
    ...rows,
  ]);
  const tools = { store, cursors: new ListCursors({ store, random: seededRandom(1) }), nowMs: () => ATMS };
  return { ...tools, tools: { ...tools, sleep: async () => undefined } };
}

const asked = (caller: Principal) => ({ caller, actor: { type: 'user' as const, id: caller.userId } });
const timeline = (caller: Principal) => ({
  ...asked(caller),
  ...{ project: PROJECT, selectors: {}, window: {}, limit: 20, cursor: undefined },
});
const projectList = (caller: Principal) => ({
  ...timeline(caller),
  ...{ sort: 'byCreated', direction: 'asc', filters: {} },
});

describe('another customer with the same group, user id and claimed project', () => {
  test('does not read the history or an operation', async () => {
    const { tools } = await harness();
    const history = (caller: Principal) =>
      readHistory({ ...asked(caller), instanceId: ID, limit: 20, cursor: undefined }, tools);
    const operation = (caller: Principal) =>
      readOperation({ ...asked(caller), operationId: OPERATION_OF_ALICE.id, waitSeconds: 0 }, tools);

    expect((await history(OWNER)).events).toHaveLength(1);
    await expect(history(MALLORY)).rejects.toMatchObject({ reason: 'instance_not_found' });
    expect(await operation(OWNER)).toEqual(OPERATION_OF_ALICE);
    await expect(operation(MALLORY)).rejects.toMatchObject({ reason: 'operation_not_found' });
  });

  test('finds nothing in the lists of user and project, nor in the histories', async () => {
    const { tools } = await harness();
    const counts = async (caller: Principal) => [
      (await listOwnInstances(asked(caller), tools)).length,
      (await listProjectInstances(projectList(caller) as Parameters<typeof listProjectInstances>[0], tools)).instances
        .length,
      (await readStatusTimeline(timeline(caller), tools)).items.length,
      (await readPriceTimeline(timeline(caller), tools)).items.length,
    ];

    expect(await counts(OWNER)).toEqual([1, 1, 1, 1]);
    expect(await counts(MALLORY)).toEqual([0, 0, 0, 0]);
  });

  test('starts and pauses nothing in a batch', async () => {
    const { tools } = await harness();
    const publisher = { publish: async () => undefined } as unknown as Parameters<typeof batchPower>[1]['publisher'];
    const log = { info: () => undefined, warn: () => undefined, error: () => undefined, critical: () => undefined };
    const stop = (caller: Principal) =>
      batchPower(
        { ...asked(caller), requestId: 'request-2', instances: [`inst_${ID}`], kind: 'stop' },
        { ...tools, publisher, log, random: seededRandom(2) },
      );

    await expect(stop(MALLORY)).rejects.toMatchObject({ reason: 'instance_not_found' });
    expect((await tools.store.get(ref(INSTANCE, ID)))?.value.queue).toEqual([]);
  });

  test('gets no answer that was kept for an Idempotency-Key', () => {
    const record: IdempotencyRecord = {
      ...{ bodyHash: 'h', operationId: 'op', instanceId: ID, customerId, visibleBy },
      ...{ status: 201, headers: {}, body: '', leaseUntilMs: 0, expireAtMs: ATMS },
    };
    const key = { id: 'k', bodyHash: 'h' };

    expect(() => requireSameUse(record, key, OWNER)).not.toThrow();
    expect(() => requireSameUse(record, key, MALLORY)).toThrow('used for another request');
    expect(() => requireSameUse({ ...record, visibleBy: null }, key, OWNER)).not.toThrow();
    expect(() => requireSameUse({ ...record, visibleBy: null }, key, MALLORY)).toThrow('used for another request');
  });
});

describe('rows that an earlier version wrote without a customer', () => {
  test('a price period is shown to administrators alone', () => {
    const stored: Record<string, unknown> = { ...PRICE_PERIOD.encode(PERIOD_OF_ALICE) };
    delete stored['customerId'];
    const period = PRICE_PERIOD.decode(stored as ReturnType<typeof PRICE_PERIOD.encode>, periodId(ID, 1));

    expect([canSee(OWNER, period), canSee({ ...OWNER, roles: ['compute_admin'] }, period)]).toEqual([false, true]);
  });

  test('an idempotency record belongs to the customer that its id begins with', () => {
    const record = {
      ...{ bodyHash: 'h', operationId: 'op', instanceId: ID, customerId, visibleBy },
      ...{ status: 201, headers: {}, body: '', leaseUntilMs: 0, expireAtMs: ATMS },
    };
    const stored: Record<string, unknown> = { ...IDEMPOTENCY.encode(record) };
    delete stored['customerId'];

    const decoded = IDEMPOTENCY.decode(stored as ReturnType<typeof IDEMPOTENCY.encode>, 'acme|create|hash');
    expect(decoded).toEqual(record);
  });
});
