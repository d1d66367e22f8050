import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  fleetKey,
  newApiKeyId,
  newApiKeySecret,
  newProjectId,
  newSessionToken,
  newUserId,
  oneStringKey,
  secretHash,
  SESSION_ID,
} from '#shared/accounts/credential-text.ts';
import { API_KEY_ID, API_KEY_SECRET, PROJECT_ID, SESSION_TOKEN } from '#shared/domain/credential-forms.ts';
import { readCredential } from '#shared/auth/credential.ts';

test.each([
  ['key ids', newApiKeyId, API_KEY_ID],
  ['key secrets', newApiKeySecret, API_KEY_SECRET],
  ['session tokens', newSessionToken, SESSION_TOKEN],
  ['project ids', newProjectId, PROJECT_ID],
  ['user ids', newUserId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
])('%s have their form, whatever the bytes, and do not repeat', (_, make, form) => {
  const made = Array.from({ length: 200 }, () => make(randomBytes));
  const extremes = [0x00, 0xff].map((byte) => make((bytes) => Buffer.alloc(bytes, byte)));

  for (const text of [...made, ...extremes]) expect(text).toMatch(form);
  expect(new Set(made).size).toBe(made.length);
});

test('every character of an id occurs', () => {
  const seen = new Set(Array.from({ length: 200 }, () => newApiKeyId(randomBytes).slice('ak_live_'.length)).join(''));

  expect([...seen].sort().join('')).toBe('0123456789abcdefghijklmnopqrstuvwxyz');
});

test('a stored hash is the SHA-256 of the secret', () => {
  expect(secretHash('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(secretHash('abc')).toMatch(SESSION_ID);
});

test('the one-string forms are read back as the same key', () => {
  const id = newApiKeyId(randomBytes);
  const secret = newApiKeySecret(randomBytes);
  const key = { type: 'key', id, secret };

  expect(readCredential({ 'x-api-key': oneStringKey(id, secret) })).toEqual(key);
  expect(readCredential({ 'x-forwarded-authorization': `Bearer ${fleetKey(id, secret)}` })).toEqual(key);
});
