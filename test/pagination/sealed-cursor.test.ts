import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CURSOR_IV_BYTES, CURSOR_KEY_BYTES, openCursor, sealCursor } from '#shared/pagination/sealed-cursor.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import { countedBytes } from '#test/support/datastore.ts';

const random = countedBytes();
const key = random(CURSOR_KEY_BYTES);
const sealed = (place: string, scope: readonly unknown[] = []) =>
  sealCursor(place, scope, { key, iv: random(CURSOR_IV_BYTES) });

test('a cursor opens for its own list and with its own key only, and not when a bit of it was changed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.nat(), fc.nat(7), (place, list, at, bit) => {
      const cursor = sealed(place, [list]);
      const bytes = Buffer.from(cursor, 'base64url');
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);

      expect(openCursor(cursor, [list], key)).toBe(place);
      expect(openCursor(cursor, [`${list}!`], key)).toBeUndefined();
      expect(openCursor(cursor, [list], random(CURSOR_KEY_BYTES))).toBeUndefined();
      expect(openCursor(bytes.toString('base64url'), [list], key)).toBeUndefined();
    }),
  );
});

test('what is no cursor at all does not open, nor does one that was shortened, lengthened or written otherwise', () => {
  const cursor = sealed('somewhere');
  const bytes = Buffer.from(cursor, 'base64url');

  const others = [
    '',
    'nonsense',
    'ÿ',
    'A'.repeat(4096),
    `${cursor}!`,
    `${cursor}=`,
    `${cursor}AAAA`,
    Buffer.from(cursor, 'base64url').toString('base64').replace(/^./, '+'),
    ...Array.from(bytes, (_, length) => bytes.subarray(0, length).toString('base64url')),
  ];
  for (const other of others) expect(openCursor(other, [], key)).toBeUndefined();
});

test('every cursor is as long as every other, whatever the ids, types and times in it, and no two are alike', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'z', '-', '7'), minLength: 1, maxLength: 63 });
  const value = fc.oneof(name, fc.nat(4_000_000_000_000).map(timeText));
  const { length } = sealed('');

  fc.assert(
    fc.property(value, name, (sorted, id) => {
      const cursor = sealed(position(sorted, id));

      expect(cursor).toHaveLength(length);
      expect(cursor).not.toBe(sealed(position(sorted, id)));
    }),
  );
  expect(sealed(position('t'.repeat(63), 'i'.repeat(63)))).toHaveLength(length);
});
