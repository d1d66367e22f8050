import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCredential, type Headers } from '#shared/auth/credential.ts';

const ID = 'ak_live_0123456789abcdef';
const SECRET = `sk_${'s'.repeat(43)}`;
const PAIR = { 'api-key': ID, 'api-secret': SECRET };
const TOKEN = `cs_${'t'.repeat(43)}`;

const read = (headers: Headers) => readCredential(headers);

function bearer(token: string): Headers {
  return { 'x-forwarded-authorization': `Bearer ${token}` };
}

describe('every form of a credential', () => {
  test('none', () => {
    expect(read({})).toEqual({ type: 'none' });
  });

  test('a bearer token, as the gateway hands it on; the scheme in any case', () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
      expect(read({ 'x-forwarded-authorization': `${scheme} ${TOKEN}` })).toEqual({ type: 'bearer', token: TOKEN });
    }
  });

  test('a pair of headers', () => {
    expect(read(PAIR)).toEqual({ type: 'key', id: ID, secret: SECRET });
  });

  test('both halves of a key as a bearer token', () => {
    expect(read(bearer(`${ID}_${SECRET}`))).toEqual({ type: 'key', id: ID, secret: SECRET });
  });

  test('the same as the fleet family writes it', () => {
    expect(read(bearer(`fkey_0123456789abcdef_${SECRET}`))).toEqual({ type: 'key', id: ID, secret: SECRET });
  });

  test('a secret may hold an underscore: the halves are told apart by the length of the first', () => {
    const secret = `sk_${'a_b-'.repeat(10)}`;

    expect(read(bearer(`${ID}_${secret}`))).toEqual({ type: 'key', id: ID, secret });
  });

  test('both halves in X-API-Key', () => {
    expect(read({ 'x-api-key': `${ID}_${SECRET}` })).toEqual({ type: 'key', id: ID, secret: SECRET });
  });

  test('Authorization itself is the gateway’s own token and proves nothing about the caller', () => {
    expect(read({ authorization: `Bearer ${TOKEN}` })).toEqual({ type: 'none' });
    expect(read({ authorization: 'Bearer gateway', ...PAIR })).toMatchObject({ type: 'key' });
  });
});

describe('what cannot be right is told, whatever it holds', () => {
  test.each([
    [{ 'api-key': ID }, 'api-key arrived without api-secret. Send both, or another credential.'],
    [{ 'api-secret': SECRET }, 'api-secret arrived without api-key. Send both, or another credential.'],
    [{ 'api-key': ID, 'api-secret': '' }, 'api-key arrived without api-secret. Send both, or another credential.'],
    [{ 'api-key': '', 'api-secret': SECRET }, 'api-secret arrived without api-key. Send both, or another credential.'],
    [{ 'api-key': '', 'api-secret': '' }, 'api-secret arrived without api-key. Send both, or another credential.'],
  ])('half a pair: %j', (headers, why) => {
    expect(read(headers)).toEqual({ type: 'malformed', why });
  });

  test.each([
    { ...bearer(TOKEN), ...PAIR },
    { ...bearer(TOKEN), 'api-key': ID },
    { ...bearer(TOKEN), 'api-secret': SECRET },
    { 'x-forwarded-authorization': '', ...PAIR },
  ])('both kinds at once: %j', (headers) => {
    expect(read(headers)).toMatchObject({
      type: 'malformed',
      why: expect.stringMatching(/^Several kinds of credential arrived: Authorization, api-/) as string,
    });
  });

  test('X-API-Key beside another kind', () => {
    expect(read({ 'x-api-key': `${ID}_${SECRET}`, ...PAIR })).toMatchObject({ type: 'malformed' });
    expect(read({ 'x-api-key': `${ID}_${SECRET}`, ...bearer(TOKEN) })).toMatchObject({ type: 'malformed' });
  });

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic dXNlcjpwYXNz',
    TOKEN,
    `Bearer ${TOKEN} ${TOKEN}`,
    'Bearer tökén',
    `Bearer ${'t'.repeat(8193)}`,
  ])('an Authorization of %j', (value) => {
    expect(read({ 'x-forwarded-authorization': value }).type).toBe('malformed');
  });

  test.each(['', 'nonsense', ID, `${ID}_`, `ak_live_SHORT_${SECRET}`, `${ID}_sk_short`])(
    'an X-API-Key of %j',
    (value) => {
      expect(read({ 'x-api-key': value })).toMatchObject({ type: 'malformed' });
    },
  );

  test('a half longer than any of ours', () => {
    expect(read({ 'api-key': 'a'.repeat(257), 'api-secret': SECRET })).toMatchObject({ type: 'malformed' });
    expect(read({ 'api-key': ID, 'api-secret': 's'.repeat(257) })).toMatchObject({ type: 'malformed' });
  });

  test('nothing of what was sent is in the text that is shown', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 12 }), fc.boolean(), (text, both) => {
        const credential = read({ 'x-forwarded-authorization': text, ...(both ? { 'api-key': text } : {}) });
        if (credential.type === 'malformed') expect(credential.why).not.toContain(text);
      }),
    );
  });
});
