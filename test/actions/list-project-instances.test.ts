import fc from 'fast-check';
import { expect, test } from 'vitest';
import { listProjectInstances, type ProjectListRequest } from '#shared/actions/list-project-instances.ts';
import { PROJECT_SORTS } from '#shared/datastore/list-filters.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { erase, put, ref } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { INSTANCE_STATUSES } from '#shared/domain/status.ts';
import { ListCursors } from '#shared/pagination/list-cursors.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

function someone(project: string): Principal {
  return {
    userId: '550e8400-e29b-41d4-a716-446655440000',
    customerId: 'acme',
    projects: [project],
    groups: ['group1'],
    roles: [],
    tier: 'pro',
    credential: { type: 'session', id: 's' },
  };
}

async function harness() {
  const { store } = await testDatastore();
  return { store, cursors: new ListCursors({ store, random: seededRandom(1) }) };
}

/** Few different values, so that many instances share one. */
const row = fc.record({
  createdAtMs: fc.nat(3),
  status: fc.constantFrom(...INSTANCE_STATUSES),
  machineType: fc.constantFrom('e2-medium', 'n1-standard-2'),
  visible: fc.constantFrom(true, true, true, false),
});

const walk = fc.record({
  staying: fc.array(row, { minLength: 1, maxLength: 8 }),
  leaving: fc.array(row, { maxLength: 6 }),
  coming: fc.array(row, { maxLength: 6 }),
  sort: fc.constantFrom(...PROJECT_SORTS),
  direction: fc.constantFrom('asc' as const, 'desc' as const),
  limit: fc.constantFrom(1, 1, 2, 3),
});

test('while rows come and go, each that was there throughout is seen exactly once, and none twice', async () => {
  const tools = await harness();
  const { store } = tools;
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(walk, async ({ staying, leaving, coming, sort, direction, limit }) => {
      runs += 1;
      const project = `proj_${runs}`;
      const made = (group: string) => (wanted: (typeof staying)[number], index: number) =>
        anInstance({
          id: `${group}-${runs}-${index}`,
          project,
          createdAtMs: wanted.createdAtMs,
          status: wanted.status,
          machine: { ...anInstance().machine, machineType: wanted.machineType },
          visibleBy: wanted.visible ? ['group1'] : ['group2'],
        });
      const stayers = staying.map(made('stay'));
      const leavers = leaving.map(made('leave'));
      const comers = coming.map(made('come'));
      await store.write([...stayers, ...leavers].map((instance) => put(INSTANCE, instance.id, instance)));

      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await listProjectInstances({ ...asked(project), sort, direction, limit, cursor }, tools);
        expect(page.instances.length).toBeLessThanOrEqual(limit);
        seen.push(...page.instances.map(({ id }) => id));
        cursor = page.cursor;
        const gone = leavers.pop();
        if (gone !== undefined) await store.write([erase(ref(INSTANCE, gone.id))]);
        const come = comers.pop();
        if (come !== undefined) await store.write([put(INSTANCE, come.id, come)]);
      } while (cursor !== undefined);

      expect(new Set(seen).size).toBe(seen.length);
      const visible = stayers.filter(({ visibleBy }) => visibleBy.includes('group1')).map(({ id }) => id);
      expect(seen.filter((id) => id.startsWith('stay')).sort()).toEqual(visible.sort());
    }),
    { numRuns: 60 },
  );
});

test('filters without an index read a bounded number of rows: a page without matches still has a cursor', async () => {
  const tools = await harness();
  const { store } = tools;
  const instances = Array.from({ length: 2_100 }, (_, i) =>
    anInstance({
      id: `i-${String(i).padStart(4, '0')}`,
      project: 'proj_a',
      createdAtMs: i,
      zone: i === 0 ? 'far' : 'near',
    }),
  );
  for (let i = 0; i < instances.length; i += 300) {
    await store.write(instances.slice(i, i + 300).map((instance) => put(INSTANCE, instance.id, instance)));
  }
  const request = { ...asked('proj_a'), filters: { zone: 'far' } };

  const first = await listProjectInstances(request, tools);
  const second = await listProjectInstances({ ...request, cursor: first.cursor }, tools);

  expect(first.instances).toEqual([]);
  expect(first.cursor).toBeDefined();
  expect(second.instances.map(({ id }) => id)).toEqual(['i-0000']);
  expect(second.cursor).toBeUndefined();
});

test('a full last page does not lead to an empty one', async () => {
  const tools = await harness();
  await tools.store.write([1, 2].map((i) => put(INSTANCE, `i-${i}`, anInstance({ id: `i-${i}`, project: 'proj_a' }))));

  const page = await listProjectInstances({ ...asked('proj_a'), limit: 2 }, tools);

  expect(page.instances).toHaveLength(2);
  expect(page.cursor).toBeUndefined();
});

function asked(project: string): ProjectListRequest {
  return {
    caller: someone(project),
    project,
    sort: 'byCreated',
    direction: 'desc',
    filters: {},
    limit: 20,
    cursor: undefined,
  };
}
