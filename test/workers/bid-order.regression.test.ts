import { expect, test } from 'vitest';
import { listProjectInstances } from '#shared/actions/list-project-instances.ts';
import { PROJECT_SORTS } from '#shared/datastore/list-filters.ts';
import { ListCursors } from '#shared/pagination/list-cursors.ts';
import { bidWorld } from '#test/support/bid-world.ts';
import { seededRandom } from '#test/support/seeded-random.ts';

test('regression: the list of instances began with any instance of a bid; it begins with <name>-1, the head of the cluster', async () => {
  const world = await bidWorld();
  const id = await world.place('train', { quantity: 8 });
  const { instances, project } = await world.bid(id);
  const { caller } = world.act(id);
  const tools = { ...world.tools, cursors: new ListCursors({ store: world.store, random: seededRandom(1) }) };

  for (const sort of PROJECT_SORTS) {
    const request = { caller, project, sort, direction: 'desc', filters: {}, limit: 20, cursor: undefined } as const;
    const { instances: listed } = await listProjectInstances(request, tools);

    expect(listed.map(({ displayName }) => displayName)).toEqual(instances.map((_, index) => `train-${index + 1}`));
    expect(listed.map((instance) => instance.id)).toEqual(instances);
  }
});
