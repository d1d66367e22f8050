import { expect, test } from 'vitest';
import { listInstances, type ListRequest } from '#shared/actions/list-instances.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { put } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { shownStatus, STATUS_GROUP } from '#shared/domain/status.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { seededInstances } from '#test/support/seeded-instances.ts';

const COUNT = 400;

async function write(store: Store, instances: readonly Instance[]): Promise<void> {
  for (let from = 0; from < instances.length; from += 200) {
    await store.write(instances.slice(from, from + 200).map((instance) => put(INSTANCE, instance.id, instance)));
  }
}

async function platform() {
  const { store, emulator } = await testDatastore();
  const instances = [...seededInstances(COUNT)];
  await write(store, instances);
  return { store, emulator, instances };
}

/** Returns the expected list, computed by filtering and sorting all instances. */
function expected(instances: readonly Instance[], { page, pageSize, filters }: ListRequest): readonly string[] {
  return matching(instances, filters)
    .slice((page - 1) * pageSize, page * pageSize)
    .map(({ id }) => id);
}

function matching(instances: readonly Instance[], filters: ListRequest['filters']): readonly Instance[] {
  return instances.filter((instance) =>
    Object.entries(filters).every(([name, value]) => {
      const seen: Readonly<Record<string, unknown>> = {
        ...instance,
        statusGroup: STATUS_GROUP[shownStatus(instance.status)],
      };
      return seen[name] === value;
    }),
  );
}

test('every combination of filters lists exactly what matches, newest first, with an exact total', async () => {
  const { store, instances } = await platform();
  const [sample] = instances.filter(({ status }) => status === 'RUNNING');
  const values = {
    userId: sample?.userId ?? '',
    customerId: sample?.customerId ?? '',
    statusGroup: 'running' as const,
    zone: sample?.zone ?? '',
    templateId: sample?.templateId ?? '',
  };
  const names = Object.keys(values) as (keyof typeof values)[];

  for (let bits = 0; bits < 2 ** names.length; bits += 1) {
    const filters = Object.fromEntries(
      names.filter((_, i) => (bits & (1 << i)) !== 0).map((name) => [name, values[name]]),
    ) as ListRequest['filters'];
    for (const page of [1, 2]) {
      const request = { page, pageSize: 7, filters };

      const answer = await listInstances(request, { store });

      expect(answer.instances.map(({ id }) => id)).toEqual(expected(instances, request));
      expect(answer.totalCount).toBe(matching(instances, filters).length);
    }
  }
});

test('all pages together are all instances, each once', async () => {
  const { store, instances } = await platform();
  const ids: string[] = [];

  for (let page = 1; page <= Math.ceil(COUNT / 30); page += 1) {
    const answer = await listInstances({ page, pageSize: 30, filters: {} }, { store });
    ids.push(...answer.instances.map(({ id }) => id));
  }

  expect(ids).toEqual(instances.map(({ id }) => id));
});

test('instances of the same millisecond are each on one page', async () => {
  const { store } = await testDatastore();
  const instances = [...seededInstances(25)].map((instance) => ({ ...instance, createdAtMs: 1_700_000_000_000 }));
  await write(store, instances);

  const pages = await Promise.all(
    [1, 2, 3].map((page) => listInstances({ page, pageSize: 10, filters: {} }, { store })),
  );

  const ids = pages.flatMap((page) => page.instances.map(({ id }) => id));
  expect(ids).toHaveLength(25);
  expect(new Set(ids).size).toBe(25);
});

test('a deep page reads the entities of that page and of no other', async () => {
  const { store, emulator } = await platform();
  const before = emulator.stats().entitiesRead;

  const answer = await listInstances({ page: 30, pageSize: 10, filters: {} }, { store });

  expect(answer.instances).toHaveLength(10);
  expect(emulator.stats().entitiesRead - before).toBe(10);
});

test.each([[21], [1_001], [500_000_000], [Number.MAX_SAFE_INTEGER]])(
  'page %i, beyond the last one, is empty and has the same total',
  async (page) => {
    const { store } = await platform();

    const answer = await listInstances({ page, pageSize: 100, filters: {} }, { store });

    expect(answer).toEqual({ instances: [], totalCount: COUNT });
  },
);
