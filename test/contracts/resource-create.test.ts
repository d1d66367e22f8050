import { expect, test } from 'vitest';
import { invalidFields } from '#shared/http/invalid-request.ts';
import { ORIGINAL_BODY } from '#test/support/resource-api.ts';
import { generatedEndpoint } from './generated-endpoint.ts';

const create = await generatedEndpoint('resource-instances-create');

/** Returns the messages that a caller gets about a body. */
function told(body: unknown): readonly string[] {
  const result = create.checkBody?.(body);
  if (result === undefined || result.valid) return [];
  return invalidFields('body', result.errors).map(({ pointer, message }) => `${pointer} ${message}`);
}

const labelled = (labels: unknown) => ({ ...ORIGINAL_BODY, metadata: { name: 'web', labels } });

test('the original request is valid', () => {
  expect(told(ORIGINAL_BODY)).toEqual([]);
});

test.each([
  {},
  { env: '' },
  { e: 'x' },
  { größe: 'groß', 日本: '東京' },
  { [`k${'x'.repeat(62)}`]: 'v'.repeat(63) },
  Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`k${i}`, 'v'])),
])('labels that Compute Engine takes: %j', (labels) => {
  expect(told(labelled(labels))).toEqual([]);
});

test.each<readonly [unknown, string]>([
  [{ Env: 'x' }, '/metadata/labels/Env is not a possible name'],
  [{ '1st': 'x' }, '/metadata/labels/1st is not a possible name'],
  [{ '': 'x' }, '/metadata/labels/ is not a possible name'],
  [{ 'a/b': 'x' }, '/metadata/labels/a~1b is not a possible name'],
  [{ [`k${'x'.repeat(63)}`]: 'x' }, `/metadata/labels/k${'x'.repeat(63)} is not a possible name`],
  [{ env: 7 }, '/metadata/labels/env must be string'],
  [[], '/metadata/labels must be object'],
  [
    Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, 'v'])),
    '/metadata/labels must NOT have more than 63 properties',
  ],
])('labels that it refuses: %j', (labels, text) => {
  expect(told(labelled(labels))).toEqual([text]);
});

test('each wrong label is named once, beside everything else that is wrong', () => {
  const labels = { Env: 'x', TEAM: 'y', ok: 'Not' };

  expect(told({ ...labelled(labels), spec: { type: 'cx31' } })).toEqual([
    '/metadata/labels/Env is not a possible name',
    '/metadata/labels/TEAM is not a possible name',
    expect.stringMatching(/^\/metadata\/labels\/ok must match pattern/),
    '/spec/image is required',
  ]);
});
