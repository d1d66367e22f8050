import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { API_KEY, SESSION } from '#shared/datastore/account-rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { QUICK_MACHINES } from '#test/support/compute-api.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';
import { Records } from '#test/support/records.ts';
import { bearer, EVERY_ENDPOINT, headerOf, type RawAnswer, sendExample, sendRaw } from './every-endpoint.ts';

const cloud = sharedLocalCloud({ args: QUICK_MACHINES });
const TEMPLATES = '/api/compute/v1/templates';
const WINDOW_SECONDS = 61;
const FAILURES_MAX = 400;
/** Invalid credentials of the correct form, so that only the store can tell that they are invalid. */
const EXPIRED_TOKEN = `cs_${'e'.repeat(43)}`;
const REVOKED_TOKEN = `cs_${'r'.repeat(43)}`;
const EXPIRED_KEY = `ak_live_${'e'.repeat(16)}`;
const REVOKED_KEY = `ak_live_${'r'.repeat(16)}`;

const get = (headers: Readonly<Record<string, string>>, target = TEMPLATES): Promise<RawAnswer> =>
  sendRaw(cloud(), { method: 'GET', target, headers });

/** Returns invalid credentials; the same for every endpoint. */
function wrongCredentials(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const { alice, bob } = cloud().connection.principals;
  return {
    none: {},
    'a token of nobody': { authorization: 'Bearer nobody-has-this-token' },
    'a key with the secret of another': { 'api-key': alice.apiKey, 'api-secret': bob.apiSecret },
    'half a pair': { 'api-key': alice.apiKey },
    'the other half': { 'api-secret': alice.apiSecret },
    'two kinds at once': { ...bearer(cloud(), 'alice'), 'api-key': alice.apiKey, 'api-secret': alice.apiSecret },
    'another scheme': {
      authorization: `Basic ${Buffer.from(`${alice.apiKey}:${alice.apiSecret}`).toString('base64')}`,
    },
    'an empty token': { authorization: 'Bearer ' },
  };
}

describe('without a credential that holds, every endpoint is 401 and says nothing else', () => {
  test.each(EVERY_ENDPOINT)('%s', async (_, contract) => {
    for (const [name, headers] of Object.entries(wrongCredentials())) {
      // The fleet family reads only a bearer token, so two kinds at once are one kind there.
      if (contract.family === 'fleet' && name === 'two kinds at once') continue;
      const answer = await sendExample(cloud(), contract, { headers });

      expect(answer.status, name).toBe(401);
      expect(headerOf(answer, 'x-request-id'), name).toBeDefined();
      expect(headerOf(answer, 'ratelimit'), name).toBeUndefined();
    }
    // Two of these requests count as failed sign-ins of this address, so a new minute begins.
    await cloud().advance(WINDOW_SECONDS);
  });
});

test('expired and revoked credentials are refused in the words for unknown ones', async () => {
  const { alice } = cloud().connection.principals;
  const records = new Records(cloud().connection);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const key = await records.store.get(ref(API_KEY, alice.apiKey));
  if (key === undefined) throw new Error('Alice has no key.');
  const session = { userId: alice.userId, customerId: alice.customerId, createdAtMs: 1_000, revokedAtMs: null };
  const farMs = Date.UTC(2100, 0, 1);
  const keyRow = (id: string, times: object) => put(API_KEY, id, { ...key.value, id, ...times });
  await records.store.write([
    put(SESSION, sha256(EXPIRED_TOKEN), { ...session, expiresAtMs: 2_000 }),
    put(SESSION, sha256(REVOKED_TOKEN), { ...session, expiresAtMs: farMs, revokedAtMs: 2_000 }),
    keyRow(EXPIRED_KEY, { expiresAtMs: 2_000 }),
    keyRow(REVOKED_KEY, { revokedAtMs: 2_000 }),
  ]);
  await records.close();
  const without = ({ status, text }: RawAnswer) => [status, text.replace(/[0-9a-f]{32}/, '')];
  const unknownToken = await get({ authorization: `Bearer cs_${'u'.repeat(43)}` });
  const unknownKey = await get({ 'api-key': `ak_live_${'v'.repeat(16)}`, 'api-secret': alice.apiSecret });

  for (const headers of [
    { authorization: `Bearer ${EXPIRED_TOKEN}` },
    { authorization: `Bearer ${REVOKED_TOKEN}` },
    { 'api-key': EXPIRED_KEY, 'api-secret': alice.apiSecret },
    { 'api-key': REVOKED_KEY, 'api-secret': alice.apiSecret },
    { 'api-key': `ak_live_${'u'.repeat(16)}`, 'api-secret': alice.apiSecret },
    { 'api-key': alice.apiKey, 'api-secret': alice.apiSecret.slice(0, -1) },
    { 'api-key': alice.apiKey, 'api-secret': `${alice.apiSecret} ` },
  ]) {
    const answer = await get(headers);
    // Node trims spaces around a header's value, so the secret with a trailing space is the correct one.
    if (headers['api-secret']?.endsWith(' ') === true) expect(answer.status).toBe(200);
    else expect(without(answer)).toEqual(without(headers.authorization === undefined ? unknownKey : unknownToken));
  }
});

test('a token that says that it needs no signature is no credential', async () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { admin } = cloud().connection.principals;
  const claims = { sub: admin.userId, customer_id: admin.customerId, roles: ['compute_admin'], exp: 4_102_444_800 };

  for (const alg of ['none', 'HS256']) {
    const token = `${part({ alg, typ: 'JWT' })}.${part(claims)}.${alg === 'none' ? '' : part(claims)}`;
    expect((await get({ authorization: `Bearer ${token}` })).status).toBe(401);
  }
});

describe('headers in which others would say who is calling are not believed', () => {
  const identity = () => {
    const { admin } = cloud().connection.principals;
    const userInfo = Buffer.from(
      JSON.stringify({ sub: admin.userId, customer_id: admin.customerId, roles: ['compute_admin'] }),
    ).toString('base64url');
    return {
      'x-user-id': admin.userId,
      'x-customer-id': admin.customerId,
      'x-roles': 'compute_admin',
      'x-groups': 'group1,group2',
      'x-apigateway-api-userinfo': userInfo,
      'x-endpoint-api-userinfo': userInfo,
      'x-goog-authenticated-user-id': `accounts.google.com:${admin.userId}`,
      'x-goog-authenticated-user-email': 'accounts.google.com:admin@example.com',
      'x-goog-iap-jwt-assertion': 'e30.e30.e30',
      'x-serverless-authorization': `Bearer ${admin.token}`,
      'x-original-user': admin.userId,
      cookie: `session=${admin.token}`,
    };
  };

  test.each(EVERY_ENDPOINT)('%s', async (_, contract) => {
    const nobody = await sendExample(cloud(), contract, { headers: identity() });

    expect(nobody.status).toBe(401);
    if (contract.role === null) return;
    const carol = await sendExample(cloud(), contract, { as: 'carol', headers: identity() });
    expect(carol.status).toBe(403);
  });

  test('their sender is who the credential says', async () => {
    const { carol } = cloud().connection.principals;
    const credential = { 'api-key': carol.apiKey, 'api-secret': carol.apiSecret };

    const answer = await get({ ...credential, ...identity() }, '/api/billing/v1/quotas');

    expect(JSON.parse(answer.text)).toMatchObject({ customerId: 'umbrella' });
  });

  test('X-Forwarded-Authorization is worth the credential in it, and gives way to Authorization', async () => {
    const { admin } = cloud().connection.principals;
    const forged = { 'x-forwarded-authorization': `Bearer ${admin.token}` };
    const list = '/api/compute/v1/admin/instances';

    expect((await get({ 'x-forwarded-authorization': 'Bearer of-nobody' })).status).toBe(401);
    expect((await get({ ...forged, ...bearer(cloud(), 'carol') }, list)).status).toBe(403);
    expect((await get({ ...forged, authorization: 'Bearer of-nobody' }, list)).status).toBe(401);
  });
});

describe('guessing', () => {
  /** Sends wrong secrets, each for another key and with another claimed address, until sign-ins are blocked. */
  async function guesses(): Promise<readonly number[]> {
    const statuses: number[] = [];
    while (statuses.at(-1) !== 429 && statuses.length < FAILURES_MAX) {
      const count = statuses.length;
      const answer = await get({
        'api-key': `ak_live_guess${String(count).padStart(11, '0')}`,
        'api-secret': `sk_${String(count).padStart(43, 'x')}`,
        'x-forwarded-for': `198.51.100.${count % 250}`,
        'x-real-ip': `198.51.100.${count % 250}`,
        forwarded: `for=198.51.100.${count % 250}`,
      });
      statuses.push(answer.status);
    }
    return statuses;
  }

  test('is told to wait after so many failures of an address in a minute, whatever address it claims; the right are let in', async () => {
    await cloud().advance(WINDOW_SECONDS);
    const { bob } = cloud().connection.principals;
    const right = { 'api-key': bob.apiKey, 'api-secret': bob.apiSecret };

    const statuses = await guesses();
    const beside = await get(right, `${TEMPLATES}/ubuntu-22-standard/zones`);
    const wrong = await get({ 'api-key': `ak_live_${'w'.repeat(16)}`, 'api-secret': bob.apiSecret });

    expect(statuses.length).toBeGreaterThan(10);
    expect(new Set(statuses.slice(0, -1))).toEqual(new Set([401]));
    expect(statuses.at(-1)).toBe(429);
    expect(wrong.status).toBe(429);
    expect(Number(headerOf(wrong, 'retry-after'))).toBeGreaterThan(0);
    expect(beside.status).toBe(200);
  });
});

test('secrets are compared in constant time, as hashes, and nowhere else', () => {
  const folder = join(import.meta.dirname, '../../shared/auth');
  const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  const [authenticator = ''] = sources.filter((source) => source.includes('class Authenticator'));

  expect(authenticator).toMatch(/timingSafeEqual\(left, right\)/);
  // The hash is compared for unknown keys too, so that the timing is the same.
  expect(authenticator).toMatch(/secretHash \?\? UNKNOWN_HASH/);
  for (const source of sources)
    expect(source).not.toMatch(/(secret|hash|token)\w*\)? *(===|!==)(?! *(undefined|''|null))/i);
});
