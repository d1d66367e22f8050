import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainText } from '#shared/datastore/field.ts';
import { kind } from '#shared/datastore/kind.ts';
import { insert, put, ref, replace } from '#shared/datastore/write.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { ROW_SAMPLES } from './row-samples.ts';

/** A kind as one release declares it, and as the next one does. */
const BEFORE = kind<{ readonly name: string }>('Thing', { name: plainText });
const AFTER = kind<{ readonly name: string; readonly added: string }>('Thing', { name: plainText, added: plainText });

describe('a write of the former release erased members that the next one had added: they stay', () => {
  test('when a row is replaced', async () => {
    const { store } = await testDatastore();
    await store.write([insert(AFTER, 't', { name: 'one', added: 'kept' })]);

    const row = await store.get(ref(BEFORE, 't'));
    if (row === undefined) throw new Error('The row is missing.');
    await store.write([replace(row, { name: 'two' })]);

    expect((await store.get(ref(AFTER, 't')))?.value).toEqual({ name: 'two', added: 'kept' });
  });

  test('when a row is put', async () => {
    const { store } = await testDatastore();
    await store.write([insert(AFTER, 't', { name: 'one', added: 'kept' })]);

    await store.write([put(BEFORE, 't', { name: 'two' })]);

    expect((await store.get(ref(AFTER, 't')))?.value).toEqual({ name: 'two', added: 'kept' });
  });
});

test.each(ROW_SAMPLES.map(({ kind: each, values }) => [each.name, { each, values }] as const))(
  'a %s names the same properties whatever its value: a masked write leaves none of them behind',
  (_, { each, values }) => {
    const names = (value: unknown) => Object.keys(each.encode(value)).sort().join();
    const seen = new Set(fc.sample(values, { numRuns: 50, seed: 5 }).map(names));

    expect(seen.size).toBe(1);
  },
);
