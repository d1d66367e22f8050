import { expect, test } from 'vitest';
import { EVENTS_OF_INSTANCE } from '#shared/datastore/queries.ts';
import { testDatastore } from '#test/support/datastore.ts';

/* While an index was being built, a list that needs the index replied 500 "Something went wrong on our side". */

const EVENTS = { instanceId: { stringValue: 'tw-1' } };

test('a query whose index is still being built is unavailable, to be asked again in a minute, and the log has the index', async () => {
  const { store, faults } = await testDatastore();
  faults.add([{ service: 'datastore', method: 'runQuery', kind: 'indexBuilding', count: 1 }]);

  await expect(store.query(EVENTS_OF_INSTANCE, EVENTS, { limit: 2 })).rejects.toMatchObject({
    kind: 'unavailable',
    reason: 'datastore_unavailable',
    retryAfterSeconds: 60,
    cause: { message: expect.stringContaining('- kind: InstanceEvent') as string },
  });
  expect((await store.query(EVENTS_OF_INSTANCE, EVENTS, { limit: 2 })).rows).toEqual([]);
});
