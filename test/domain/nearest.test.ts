import { expect, test } from 'vitest';
import { nearest, nearestText } from '#shared/domain/nearest.ts';

const NAMES = ['ubuntu-22.04', 'ubuntu-24.04', 'debian-12', 'debian-11', 'rocky-9', 'sles-15', 'windows-2022'];

test('the five nearest names come first, by edit distance, then by alphabet', () => {
  const found = nearest('ubuntu-2204', NAMES);

  expect(found.slice(0, 2)).toEqual(['ubuntu-22.04', 'ubuntu-24.04']);
  expect(found).toHaveLength(5);
  expect(nearest('debian-1', NAMES).slice(0, 2)).toEqual(['debian-11', 'debian-12']);
});

test('a misspelt name finds its own, whatever was left out, added or replaced', () => {
  for (const name of NAMES) {
    for (const asked of [name.slice(1), `${name}x`, `x${name.slice(1)}`, `${name.slice(0, 2)}${name.slice(3)}`])
      expect(nearest(asked, NAMES)[0], asked).toBe(name);
  }
});

test('the text says so when there is one, and when there is none', () => {
  expect(nearestText('x', [])).toBe('There is none at all.');
  expect(nearestText('x', ['y'])).toBe('There is y.');
  expect(nearestText('b', ['a', 'c'])).toBe('The nearest are a, c.');
});
