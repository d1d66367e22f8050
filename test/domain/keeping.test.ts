import { describe, expect, test } from 'vitest';
import { TtlCache } from '#shared/concurrency/ttl-cache.ts';
import { KeyedMutex } from '#shared/concurrency/keyed-mutex.ts';

describe('a cache that forgets', () => {
  test('a value is returned before its expiry, and not at that moment', () => {
    const cache = new TtlCache<string>({ ttlMs: 100, sizeMax: 10 });
    cache.set('a', 'value', 1_000);

    expect([1_000, 1_099, 1_100, 1_050].map((ms) => cache.get('a', ms))).toEqual([
      'value',
      'value',
      undefined,
      // The entry was dropped when it was found to have expired.
      undefined,
    ]);
  });

  test('reading does not prolong it; writing does', () => {
    const cache = new TtlCache<string>({ ttlMs: 100, sizeMax: 10 });
    cache.set('a', 'old', 0);
    cache.get('a', 99);

    expect(cache.get('a', 100)).toBeUndefined();
    cache.set('a', 'new', 100);
    expect(cache.get('a', 199)).toBe('new');
  });

  test('when it is full the one that was written longest ago goes', () => {
    const cache = new TtlCache<number>({ ttlMs: 100, sizeMax: 2 });
    cache.set('a', 1, 0);
    cache.set('b', 2, 0);
    cache.set('a', 3, 0);
    cache.set('c', 4, 0);

    expect(['a', 'b', 'c'].map((key) => cache.get(key, 1))).toEqual([3, undefined, 4]);
  });

  test('what is deleted is gone', () => {
    const cache = new TtlCache<number>({ ttlMs: 100, sizeMax: 2 });
    cache.set('a', 1, 0);
    cache.delete('a');

    expect(cache.get('a', 0)).toBeUndefined();
  });
});

describe('a queue by key', () => {
  /** Returns work that ends when the test ends it, and that records its beginning and end. */
  function work(name: string, told: string[]) {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const run = async () => {
      told.push(`${name} begins`);
      const result = await promise.finally(() => told.push(`${name} ends`));
      return result;
    };
    return { run, finish: () => resolve(name), fail: () => reject(new Error(name)) };
  }

  test('work with one key is done one after the other, in the order in which it came', async () => {
    const told: string[] = [];
    const queue = new KeyedMutex();
    const [a, b, c] = [work('a', told), work('b', told), work('c', told)];
    const results = [queue.run('key', a.run), queue.run('key', b.run), queue.run('key', c.run)];
    c.finish();
    b.finish();
    a.finish();

    expect(await Promise.all(results)).toEqual(['a', 'b', 'c']);
    expect(told).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  test('work with different keys is done side by side', async () => {
    const told: string[] = [];
    const queue = new KeyedMutex();
    const [a, b] = [work('a', told), work('b', told)];
    const results = [queue.run('one', a.run), queue.run('two', b.run)];
    b.finish();
    await results[1];
    a.finish();
    await results[0];

    expect(told).toEqual(['a begins', 'b begins', 'b ends', 'a ends']);
  });

  test('work that fails does not block later work, and only its own caller gets the error', async () => {
    const told: string[] = [];
    const queue = new KeyedMutex();
    const [a, b] = [work('a', told), work('b', told)];
    const results = Promise.allSettled([queue.run('key', a.run), queue.run('key', b.run)]);
    a.fail();
    b.finish();

    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});
