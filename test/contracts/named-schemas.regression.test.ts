import { expect, test } from 'vitest';
import { NAMED_SCHEMAS, referenceTo } from '#scripts/generate/named-schemas.ts';

/*
 * The operators' operation had the title of the one in the administrators' list, so the public document promised a
 * `userId` that was not sent. Found by the hostile requests, seed 1.
 */
test('a schema whose title is the name of another one is refused', () => {
  const named = NAMED_SCHEMAS.get('AdminOperation') ?? expect.fail();

  expect(referenceTo(named)).toEqual({ $ref: '#/components/schemas/AdminOperation' });
  expect(() => referenceTo({ ...named, required: ['other'] })).toThrow(
    'Two different schemas have the title AdminOperation.',
  );
});
