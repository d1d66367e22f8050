import { describe, expect, test } from 'vitest';
import { CONTRACTS } from '#shared/contracts/index.ts';

/*
 * The pipeline replied 413 to GET and DELETE, and 429 to failed sign-ins at endpoints without a rate limit, neither of
 * which was documented. GET no longer reads a body.
 */

describe.each(CONTRACTS)('$name documents what the pipeline can answer before the action', ({ method, failures }) => {
  test('a wrong credential or sign-in, and a failure of ours', () => {
    expect(failures).toEqual(
      expect.arrayContaining(['credentials_missing', 'credentials_malformed', 'too_many_failed_sign_ins', 'internal']),
    );
  });

  test('413 exactly where a body is read', () => {
    expect(failures.includes('payload_too_large')).toBe(method !== 'GET');
  });
});
