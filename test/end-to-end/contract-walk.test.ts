import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { TSchema } from 'typebox';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { plainSchema, type PlainSchema } from '#scripts/generate/plain-schema.ts';
import { EXAMPLE_PUBLIC_KEY } from '#shared/contracts/common/ssh-key-fields.ts';
import type { Contract } from '#shared/contracts/contract.ts';
import { CONTRACTS, FALLBACKS } from '#shared/contracts/index.ts';
import { SUSPENSION } from '#shared/datastore/account-rows.ts';
import { AUDIT_ENTRY } from '#shared/datastore/audit-rows.ts';
import { DEAD_LETTER, RATE_COUNTER } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { put, ref } from '#shared/datastore/write.ts';
import { pendingOperation } from '#shared/domain/operation.ts';
import { KINDS } from '#shared/datastore/kinds.ts';
import {
  ABSENT,
  before,
  bidSample,
  credentialOf,
  FAMILY_RULES,
  needsOwnInstance,
  passesOverUnknown,
  sampleOf,
  subjectOf,
  valueOf,
  type Before,
  type Subjects,
} from '#test/support/contract-samples.ts';
import { PrismCheck } from '#test/support/prism-check.ts';
import { Records } from '#test/support/records.ts';
import { send, sendBytes, type PlainAnswer, type PlainRequest } from '#test/support/http-client.ts';
import { replyViolations } from '#test/support/reply-check.ts';
import { eventually, sharedLocalCloud } from '#test/support/local-cloud.ts';
import { WalkAccounts, type Walker } from '#test/support/walk-accounts.ts';

/*
 * Tests what must hold for every endpoint, for each endpoint of the contracts, on a running local cloud. Behaviour of
 * single endpoints is tested elsewhere.
 */

const cloud = sharedLocalCloud({
  args: ['--boot-seconds', '0.2', '--stop-seconds', '0.1'],
  // The walk signs in wrongly at every endpoint, and what follows is not about that.
  env: { FAILED_SIGN_INS_PER_MINUTE: '1000000' },
});

interface World {
  readonly accounts: WalkAccounts;
  readonly user: Walker;
  readonly admin: Walker;
  readonly stranger: Walker;
  readonly ended: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Ids of an instance of the user and of the operation that created it. */
  readonly subjects: Subjects;
}

let made: World | undefined;
let prism: PrismCheck | undefined;

function world(): World {
  if (made === undefined) throw new Error('The world is made before the tests.');
  return made;
}

beforeAll(async () => {
  prism = await PrismCheck.open();
});

beforeAll(async () => {
  const accounts = new WalkAccounts(cloud().connection.emulators.datastore);
  await accounts.tier('walk', 1_000_000);
  await accounts.tier('narrow', 1);
  const user = await accounts.walker('walkers', { tier: 'walk' });
  const admin = await accounts.walker('wardens', { tier: 'walk', admin: true });
  const stranger = await accounts.walker('strangers', { tier: 'walk' });
  const ended = await accounts.ended(user);
  const [volume, fleetApiKey, bid] = [await newVolume(user), await newApiKey(user), await newBid(user)];
  const subjects = { ...(await newInstance(user)), volume, fleetApiKey, bid };
  made = { accounts, user, admin, stranger, ended, subjects };
});

afterAll(() => made?.accounts.close());

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
addFormats.default(ajv);
const compiled = new Map<TSchema, ValidateFunction>();

function wrong(schema: TSchema, value: unknown): string[] {
  const validate = compiled.get(schema) ?? ajv.compile(plainSchema(schema));
  compiled.set(schema, validate);
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

/** Ids of all errors so far; each error must have a new one. */
const errorIds = new Set<string>();

/** Headers that help a client continue. The contract must document each that is sent. */
const LEADING_HEADERS = [
  'location',
  'operation-location',
  'x-operation-id',
  'x-operation-ids',
  'etag',
  'link',
  'x-stale',
];

/** Sends a request and checks what every reply of this API must have. */
async function ask(
  contract: Pick<Contract, 'family'> & { readonly path?: string },
  request: PlainRequest,
): Promise<PlainAnswer> {
  const answer = await send(cloud().baseUrl, request);
  const told = `${request.method} ${request.path} → ${answer.status} ${answer.text.slice(0, 300)}`;
  const { headers, status } = answer;
  const rules = FAMILY_RULES[contract.family];

  if (contract.path !== undefined) expect(prism?.violations(contract.path, request, answer), told).toEqual([]);
  expect(headers['x-request-id'], told).toMatch(/^[A-Za-z0-9._~:+/=-]{8,128}$/);
  expect(headers['cache-control'], told).toBe('no-store');
  expect(headers['x-content-type-options'], told).toBe('nosniff');
  for (const [name, value] of Object.entries(headers)) expect(value, `${told}: ${name}`).toMatch(/^[\x20-\x7e]*$/);
  if (status < 400) {
    expect(headers['x-error-id'], told).toBeUndefined();
    return answer;
  }
  for (const name of rules.errorHeaders) expect(headers[name], `${told}: ${name}`).toBeDefined();
  expect(headers['x-error-id'], told).toMatch(/^[0-9a-f]{32}$/);
  expect(errorIds.has(headers['x-error-id'] ?? ''), told).toBe(false);
  errorIds.add(headers['x-error-id'] ?? '');
  expect((headers['x-error'] ?? '').length, told).toBeLessThanOrEqual(1024);
  expect(headers['content-type'], told).toBe(rules.errorType);
  if (request.method !== 'HEAD') expect(wrong(rules.errorBody, answer.body), told).toEqual([]);
  return answer;
}

function requestOf(
  contract: Contract,
  { subjects = ABSENT, headers = {}, body, query }: Partial<Subject> = {},
): PlainRequest {
  const sample = sampleOf(contract, subjects);
  const asked = [sample.query, query].filter((part) => part !== undefined && part !== '').join('&');
  const sent = body ?? (sample.body === undefined ? undefined : JSON.stringify(sample.body));
  return {
    method: contract.method,
    path: sample.path + (asked === '' ? '' : `?${asked}`),
    // Without a body no JSON content type is sent, because it would ask for a body in the reply.
    headers: { ...(sent === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(sent === undefined ? {} : { body: sent }),
  };
}

interface Subject {
  readonly subjects: Subjects;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly query: string;
}

function callerOf(contract: Contract): Walker {
  return contract.role === null ? world().user : world().admin;
}

async function newInstance(owner: Walker): Promise<Subjects> {
  const answer = await send(cloud().baseUrl, {
    method: 'POST',
    path: '/api/compute/v1/instances',
    headers: { ...owner.key, 'content-type': 'application/json' },
    body: JSON.stringify({ template_id: 'ubuntu-22-standard', config_id: 'default-network' }),
  });
  expect(answer.status, answer.text).toBe(201);
  const { id } = answer.body as { readonly id: string };
  const sshKeyId = await newSshKey(owner);
  const operationId = answer.headers['x-operation-id'] ?? '';
  const { customerId, project } = owner;
  return { instanceId: id, operationId, sshKeyId, bid: 'bid_none', customerId, deadLetterId: 'none', project };
}

async function newSshKey(owner: Walker): Promise<string> {
  const answer = await send(cloud().baseUrl, {
    method: 'POST',
    path: '/api/compute/v1/ssh-keys',
    headers: { ...owner.key, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'walk', public_key: EXAMPLE_PUBLIC_KEY }),
  });
  expect(answer.status, answer.text).toBe(201);
  return (answer.body as { readonly id: string }).id;
}

function needsInstance(contract: Contract): boolean {
  return ['instance', 'operation'].includes(subjectOf(contract) ?? '');
}

let volumes = 0;

async function newVolume(owner: Walker): Promise<string> {
  volumes += 1;
  const { project } = owner;
  const wish = { project, name: `walk-${volumes}`, disk_interface: 'Block', region: 'us-central1-a', size_gb: 10 };
  return newFleetThing('/v2/volumes', wish, owner);
}

async function newApiKey(owner: Walker): Promise<string> {
  return newFleetThing('/v2/api-keys', { name: 'walk', expires_at: '2090-01-01T00:00:00Z' }, owner);
}

async function newFleetThing(path: string, wish: object, owner: Walker): Promise<string> {
  const headers = { ...owner.key, 'content-type': 'application/json' };
  const answer = await send(cloud().baseUrl, { method: 'POST', path, headers, body: JSON.stringify(wish) });
  expect(answer.status, answer.text).toBe(201);
  return (answer.body as { readonly fid: string }).fid;
}

/** Creates a bid that already has its instance, so that nothing of it is in progress during a test. */
async function newBid(owner: Walker): Promise<string> {
  const headers = { ...owner.key, 'content-type': 'application/json' };
  const body = JSON.stringify(bidSample(owner.project));
  return eventually(async () => {
    // While the bid is live, the same request returns it.
    const answer = await send(cloud().baseUrl, { method: 'POST', path: '/v2/spot/bids', headers, body });
    expect(answer.status, answer.text).toBe(201);
    const { fid, status } = answer.body as { readonly fid: string; readonly status: string };
    return status === 'Allocated' ? fid : undefined;
  });
}

/** Returns subjects that a contract may change: new ones of the kind that it names. */
async function newSubjects(contract: Contract, owner: Walker): Promise<Subjects> {
  const others = { ...world().subjects, project: owner.project };
  switch (subjectOf(contract)) {
    case 'ssh-key':
      return { ...others, sshKeyId: await newSshKey(owner) };
    case 'volume':
      return { ...others, volume: await newVolume(owner) };
    case 'api-key':
      return { ...others, fleetApiKey: await newApiKey(owner) };
    case 'bid':
      return { ...others, bid: await newBid(owner) };
    case 'customer':
      return { ...others, customerId: await newCustomer(contract) };
    case 'dead-letter':
      return { ...others, deadLetterId: await newDeadLetter() };
    case 'operation':
      return newPendingOperation(owner);
    case 'instance':
    case undefined:
      return newInstance(owner);
  }
}

/** Nearly the longest put-off, so that no sweep starts the operation before the test does. */
const SOON_MS = 55_000;
let counter = 0;

/** Creates a customer for a contract that changes it: for resuming, a suspended one. */
async function newCustomer({ name }: Contract): Promise<string> {
  const { accounts } = world();
  const { customerId } = await accounts.walker(`customer-${(counter += 1)}`, { tier: 'walk' });
  if (name === 'admin-customers-resume') {
    await accounts.store.write([put(SUSPENSION, customerId, { reason: 'Unpaid.', sinceMs: 1, by: 'walk' })]);
  }
  return customerId;
}

async function newDeadLetter(): Promise<string> {
  const id = `letter-${(counter += 1)}`;
  const letter = { operationId: '', instanceId: '', messageId: id, data: '{}', attributes: {}, recordedAtMs: 1 };
  await world().accounts.store.write([put(DEAD_LETTER, id, letter)]);
  return id;
}

/** Creates a stop that no worker knows: accepted, never published, and due in almost a minute. */
async function newPendingOperation(owner: Walker): Promise<Subjects> {
  const subjects = await newInstance(owner);
  await prepare('created', subjects, owner);
  const { store } = world().accounts;
  const row = await store.get(ref(INSTANCE, subjects.instanceId));
  if (row === undefined) throw new Error('The instance is on record.');
  const id = `op-pending${(counter += 1)}`;
  const atMs = await cloud().nowMs();
  const actor = { type: 'user', id: owner.userId } as const;
  const operation = {
    ...pendingOperation('stop', row.value, { id, actor, requestId: 'walk', atMs }),
    dueAtMs: atMs + SOON_MS,
  };
  const queue = [{ id, kind: 'stop' }] as const;
  await store.write([put(OPERATION, id, operation), put(INSTANCE, row.id, { ...row.value, queue })]);
  return { ...subjects, operationId: id };
}

async function prepare(
  what: Before | undefined,
  { instanceId, operationId }: Subjects,
  { key }: Walker = world().user,
): Promise<void> {
  const asked = {
    created: { method: 'GET', path: `/api/compute/v1/operations/${operationId}?wait=30` },
    stop: { method: 'POST', path: `/api/compute/v1/instances/${instanceId}/stop` },
  };
  if (what !== undefined)
    expect((await send(cloud().baseUrl, { ...asked[what], headers: key })).status).toBeLessThan(300);
}

/* These two come first, because they read all rows: the walk leaves thousands. */

describe.each(CONTRACTS.filter(({ limit, method }) => limit !== null && method !== 'GET'))(
  '$name changes something and has a limit',
  (contract) => {
    test('a valid request beyond the limit leaves no row and no cloud call', async () => {
      const { accounts } = world();
      const customer = await accounts.walker(`beyond-${contract.name}`, { tier: 'walk' });
      const subjects = await newSubjects(contract, customer);
      if (subjectOf(contract) === undefined || needsInstance(contract)) await prepare('created', subjects, customer);
      await accounts.moveToTier(customer, 'narrow');
      await accounts.useUp(customer, contract.limit ?? 'create', await cloud().nowMs());
      const before = await traces(customer, subjects);
      // The token's commit is slow, so whatever did not wait for it would be on record, or at Compute Engine, before
      // the reply.
      await cloud().addFaults({ service: 'datastore', method: 'commit', kind: 'delay', count: 1, delayMs: 400 });

      // Uses the session, because a key's last use would be a commit of its own, and the owner's tier is cached.
      const headers = { ...customer.token, 'idempotency-key': `beyond-${contract.name}` };
      const answer = await ask(contract, requestOf(contract, { subjects, headers }));

      expect(answer.status, answer.text).toBe(429);
      expect(await traces(customer, subjects)).toEqual(before);
    });
  },
);

/** Returns everything that a customer, or a request about these subjects, has left in records and cloud. */
async function traces({ customerId }: Walker, { instanceId }: Subjects) {
  const records = new Records(cloud().connection);
  try {
    const rows = await Promise.all(KINDS.filter((kind) => kind !== RATE_COUNTER).map((kind) => records.all(kind)));
    const calls = (await cloud().calls()).filter(
      ({ instance, method }) => instance === instanceId || method === 'instances.insert',
    );
    return {
      rows: rows
        .flat()
        .map(({ kind, id, value }) => `${kind.name} ${id} ${JSON.stringify(value)}`)
        .filter((row) => row.includes(customerId) || row.includes(instanceId)),
      calls,
    };
  } finally {
    await records.close();
  }
}

/** The audit trail records what administrators change, and the keys of users: who may sign in, and log in to machines. */
function isAudited({ role, method, path }: Contract): boolean {
  return method !== 'GET' && (role !== null || /\/(api|ssh)-keys\b/.test(path));
}

describe.each(CONTRACTS.filter(isAudited))('$name is a change that the audit trail records', (contract) => {
  test('leaves exactly one entry, with who asked and in which request', async () => {
    const subjects = await newSubjects(contract, world().user);
    await prepare(before(contract), subjects);
    const requestId = `audited-${contract.name}`;
    const caller = callerOf(contract);
    const headers = { ...credentialOf(contract, caller), 'x-request-id': requestId };

    const answer = await ask(contract, requestOf(contract, { subjects, headers }));

    expect(answer.status, answer.text).toBeLessThan(300);
    const records = new Records(cloud().connection);
    onTestFinished(() => records.close());
    const entries = (await records.all(AUDIT_ENTRY)).filter(({ value }) => value.requestId === requestId);
    expect(entries.map(({ value }) => [value.actorType, value.actorId])).toEqual([['principal', caller.userId]]);
  });
});

describe.each(CONTRACTS)('$name', (contract) => {
  const rules = FAMILY_RULES[contract.family];

  test('does what it says, in the words of its own contract, with every form of credential', async () => {
    const caller = callerOf(contract);
    for (const form of rules.credentials) {
      const credential = caller[form];
      const subjects = needsOwnInstance(contract) ? await newSubjects(contract, world().user) : world().subjects;
      await prepare(before(contract), subjects);

      const answer = await ask(contract, requestOf(contract, { subjects, headers: credential }));

      const documented = contract.success.find(({ status }) => status === answer.status);
      expect(documented, answer.text).toBeDefined();
      if (documented?.body === null) expect(answer.text).toBe('');
      else if (documented !== undefined) expect(wrong(documented.body, answer.body), answer.text).toEqual([]);
      const named = Object.keys(documented?.headers ?? {}).map((name) => name.toLowerCase());
      expect(named).toEqual(expect.arrayContaining(LEADING_HEADERS.filter((name) => name in answer.headers)));
      if (contract.limit !== null)
        expect(Object.keys(answer.headers)).toEqual(expect.arrayContaining([...rules.limitHeaders]));
      if (documented?.preferredBody !== undefined) {
        const preferred = await ask(
          contract,
          requestOf(contract, { subjects, headers: { ...credential, prefer: 'return=representation' } }),
        );
        // A repeated start or stop may be refused, and then the reply has no representation.
        if (preferred.status < 400) {
          expect(wrong(documented.preferredBody, preferred.body), preferred.text).toEqual([]);
          expect(preferred.headers['preference-applied']).toBe('return=representation');
        }
      }
    }
  });

  test('without a valid credential, it is 401 and reveals nothing else', async () => {
    const { user, ended } = world();
    const cases = {
      ...ended,
      'no credential': {},
      'a wrong token': { authorization: `Bearer cs_${'x'.repeat(43)}` },
      'a wrong key': { 'api-key': 'ak_live_ffffffffffffffff', 'api-secret': user.key['api-secret'] ?? '' },
      'a wrong secret': { ...user.key, 'api-secret': `sk_${'x'.repeat(43)}` },
      'half a pair: the key': { 'api-key': user.key['api-key'] ?? '' },
      'half a pair: the secret': { 'api-secret': user.key['api-secret'] ?? '' },
      ...(rules.credentials.includes('key') ? { 'both kinds at once': { ...user.key, ...user.token } } : {}),
      'another scheme': { authorization: 'Basic dXNlcjpwYXNz' },
      'no token in it': { authorization: 'Bearer ' },
    };
    for (const [what, headers] of Object.entries(cases)) {
      // Everything else in the request is wrong as well.
      const answer = await ask(contract, requestOf(contract, { headers, body: '{', query: 'colour=red' }));

      expect(answer.status, what).toBe(401);
      expect(replyViolations(contract, answer), what).toEqual([]);
      expect(answer.headers['www-authenticate'], what).toBeDefined();
      expect(answer.text, what).not.toMatch(/colour|JSON/);
    }
  });

  test('headers that claim to be a user are ignored', async () => {
    const claims = {
      'x-user-id': world().user.userId,
      'x-customer-id': world().user.customerId,
      'x-groups': 'walkers',
      'x-goog-authenticated-user-id': world().user.userId,
      'x-endpoint-api-userinfo': Buffer.from('{"sub":"x"}').toString('base64url'),
    };

    expect((await ask(contract, requestOf(contract, { headers: claims }))).status).toBe(401);
  });

  test('a parameter that it does not know is named; the fleet family ignores it', async () => {
    const headers = credentialOf(contract, callerOf(contract));
    const answer = await ask(contract, requestOf(contract, { headers, query: 'colour=red' }));

    if (passesOverUnknown(contract, 'query')) {
      expect(answer.status).toBe((await ask(contract, requestOf(contract, { headers }))).status);
      return;
    }

    expect(answer.status).toBe(rules.invalidStatus);
    expect(answer.text).toContain('colour');
    expect(replyViolations(contract, answer)).toEqual([]);
  });

  test('a sane request id is kept, on errors too; any other is replaced', async () => {
    const headers = credentialOf(contract, callerOf(contract));
    const kept = await ask(
      contract,
      requestOf(contract, { headers: { ...headers, 'x-request-id': 'walk-request-0001' } }),
    );
    const nobody = await ask(contract, requestOf(contract, { headers: { 'x-request-id': 'walk-request-0002' } }));
    const replaced = await ask(
      contract,
      requestOf(contract, { headers: { ...headers, 'x-request-id': 'not a token' } }),
    );

    expect(kept.headers['x-request-id']).toBe('walk-request-0001');
    expect(nobody.headers['x-request-id']).toBe('walk-request-0002');
    expect(replaced.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  test('a wrong method is 405 and told the right ones; a trailing slash and what is below are not there', async () => {
    const { path } = sampleOf(contract, ABSENT);
    const headers = credentialOf(contract, callerOf(contract));
    const methods = CONTRACTS.filter((other) => sampleOf(other, ABSENT).path === path).map(({ method }) => method);
    const allowed = [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];

    for (const method of ['PUT', 'GET', 'POST', 'PATCH', 'DELETE'].filter((one) => !allowed.includes(one))) {
      const answer = await ask(contract, { method, path, headers });
      expect(answer.status, method).toBe(405);
      expect(answer.headers['allow']?.split(', ').sort(), method).toEqual([...allowed].sort());
    }
    for (const wrongPath of [`${path}/`, `${path}/nothing/here`, `${path}%2F`]) {
      const answer = await ask(contract, { method: contract.method, path: wrongPath, headers });
      // The request lacks a body, which the fleet family reports before it reads the row.
      expect([400, 404, FAMILY_RULES[contract.family].invalidStatus], wrongPath).toContain(answer.status);
    }
    expect((await ask(contract, { method: contract.method, path: `${path}/`, headers })).status).toBe(404);
  });

  test('no header of an answer repeats what could end a line', async () => {
    const headers = {
      ...credentialOf(contract, callerOf(contract)),
      'x-request-id': 'caf\u00e9-\u00fcml\u00e4ut-id',
      'idempotency-key': 'caf\u00e9',
      prefer: 'return=minimal\u00e9',
    };
    const evil = encodeURIComponent('a\r\nset-cookie: evil=1\r\n\r\n<html>');
    const answer = await ask(contract, requestOf(contract, { headers, query: `${evil}=${evil}` }));

    expect(answer.headers['set-cookie']).toBeUndefined();
    if (!passesOverUnknown(contract, 'query')) expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });
});

describe.each(CONTRACTS.filter(({ limit }) => limit !== null))('$name has a limit', (contract) => {
  test('beyond it the reply is 429 with Retry-After, before anything is read', async () => {
    const narrow = await world().accounts.walker(`narrow-${contract.name}`, {
      tier: 'narrow',
      admin: contract.role !== null,
    });
    const answers: PlainAnswer[] = [];
    // The limit is one a minute, and a new minute may begin in between.
    while (answers.at(-1)?.status !== 429 && answers.length < 4) {
      answers.push(
        await ask(
          contract,
          requestOf(contract, { headers: credentialOf(contract, narrow), body: '{', query: 'colour=red' }),
        ),
      );
    }

    const [first] = answers;
    const refused = answers.at(-1);
    expect([
      FAMILY_RULES[contract.family].invalidStatus,
      ...(passesOverUnknown(contract, 'query') ? [200, 404] : []),
    ]).toContain(first?.status);
    expect(refused?.status).toBe(429);
    expect(refused && replyViolations(contract, refused)).toEqual([]);
    expect(Number(refused?.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(Number(refused?.headers['retry-after'])).toBeLessThanOrEqual(60);
    for (const answer of answers) {
      expect(Object.keys(answer.headers)).toEqual(
        expect.arrayContaining([...FAMILY_RULES[contract.family].limitHeaders]),
      );
    }
    expect(refused?.text).not.toContain('colour');
  });
});

describe.each(CONTRACTS.filter(({ role }) => role !== null))('$name needs a role', (contract) => {
  test('without it the answer is 403, the same for what exists and what does not', async () => {
    const { user, subjects } = world();
    const own = await ask(
      contract,
      requestOf(contract, { subjects, headers: credentialOf(contract, user), query: 'colour=red' }),
    );
    const absent = await ask(contract, requestOf(contract, { headers: credentialOf(contract, user) }));

    expect([own.status, absent.status]).toEqual([403, 403]);
    expect(replyViolations(contract, own)).toEqual([]);
    expect(comparable(own, subjects)).toEqual(comparable(absent, ABSENT));
  });
});

describe.each(CONTRACTS.filter((contract) => contract.role === null && subjectOf(contract) !== undefined))(
  '$name of another customer',
  (contract) => {
    test('is the same 404 as of nobody, byte for byte', async () => {
      const { stranger, subjects } = world();
      const foreign = await ask(contract, requestOf(contract, { subjects, headers: credentialOf(contract, stranger) }));
      const absent = await ask(contract, requestOf(contract, { headers: credentialOf(contract, stranger) }));

      expect(foreign.status).toBe(404);
      expect(replyViolations(contract, foreign)).toEqual([]);
      expect(comparable(foreign, subjects)).toEqual(comparable(absent, ABSENT));
    });

    test('with an id that cannot be one is an error of the caller, never of ours', async () => {
      const headers = credentialOf(contract, world().user);
      const impossible = [
        '%zz',
        '%',
        '%C3%28',
        '%00',
        '%2e%2e%2f',
        'a%0d%0ab',
        'TW-1',
        '-',
        '__key__',
        'x'.repeat(500),
        '%F0%9F%98%80',
      ];
      for (const id of impossible) {
        const path = contract.path.replace(/\{\w+\}/, id);
        const answer = await ask(contract, { ...requestOf(contract, { headers }), path });
        expect([400, 404, 422], `${id}: ${answer.text}`).toContain(answer.status);
      }
    });
  },
);

/** Returns a reply without the parts that differ each time. */
function comparable({ status, headers, text }: PlainAnswer, subjects: Subjects) {
  const changing = ['date', 'x-request-id', 'x-error-id', 'ratelimit', 'x-ratelimit-remaining', 'x-ratelimit-reset'];
  const neutral = (value: string) =>
    value
      .replaceAll(subjects.instanceId, 'INSTANCE')
      .replaceAll(subjects.operationId, 'OPERATION')
      .replaceAll(subjects.sshKeyId, 'SSH_KEY')
      .replaceAll(subjects.volume ?? 'vol_vol-000000-00000000', 'VOLUME')
      .replaceAll(subjects.bid, 'BID')
      .replaceAll(/[0-9a-f]{32}/g, 'ERROR_ID');
  const kept = Object.entries(headers).filter(([name]) => !changing.includes(name) && name !== 'content-length');
  return {
    status,
    text: neutral(text),
    headers: Object.fromEntries(kept.map(([name, value]) => [name, neutral(value)])),
  };
}

describe.each(CONTRACTS.filter(({ body }) => body !== null))('$name takes a body', (contract) => {
  const rules = FAMILY_RULES[contract.family];
  const asking = (body: string) =>
    ask(contract, requestOf(contract, { headers: credentialOf(contract, callerOf(contract)), body }));

  test.each(['', '{', '{"a":', "{'a':1}", 'nonsense', '\u0000', '{}{}'])('%j is not JSON', async (body) => {
    expect((await asking(body)).status).toBe(rules.invalidStatus);
  });

  test.each(['[]', '"text"', '7', 'null', 'true', '[{}]'])('%s is JSON, and no object', async (body) => {
    expect((await asking(body)).status).toBe(rules.invalidStatus);
  });

  test.skipIf(passesOverUnknown(contract, 'body'))('a field that it does not know is named', async () => {
    const sample = sampleOf(contract, world().subjects).body as object;
    for (const name of ['colour', '__proto__', 'constructor']) {
      const answer = await asking(`${JSON.stringify(sample).slice(0, -1)},"${name}":{}}`);
      expect(answer.status, name).toBe(rules.invalidStatus);
      expect(answer.text).toContain(name);
    }
  });

  test('each field of a wrong type is named, all at once', async () => {
    const sample = sampleOf(contract, world().subjects).body as object;
    const types = (contract.body === null ? {} : plainSchema(contract.body).properties) ?? {};
    const members = Object.keys(sample);
    const answer = await asking(JSON.stringify(Object.fromEntries(members.map((name) => [name, notOf(types[name])]))));

    expect(answer.status).toBe(rules.invalidStatus);
    for (const name of members) expect(answer.text).toContain(name);
    expect(members.length).toBeGreaterThan(0);
  });

  test('more than 256 KiB are 413, published or not', async () => {
    const body = JSON.stringify({ padding: 'x'.repeat(256 * 1024) });
    const published = await asking(body);
    const { headers = {}, path } = requestOf(contract, { headers: credentialOf(contract, callerOf(contract)) });
    const chunked = await ask(contract, {
      method: contract.method,
      path,
      headers: { ...headers, 'transfer-encoding': 'chunked' },
      body,
    });

    expect([published.status, chunked.status]).toEqual([413, 413]);
    expect(replyViolations(contract, published)).toEqual([]);
  });

  test('JSON nested as deep as a body can be is an answer', async () => {
    expect((await asking('['.repeat(100_000))).status).toBe(rules.invalidStatus);
    expect((await asking(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).status).toBe(rules.invalidStatus);
  });

  test('a content type is not required', async () => {
    const headers = { ...credentialOf(contract, callerOf(contract)), 'content-type': 'text/plain; charset=klingon' };

    expect((await ask(contract, requestOf(contract, { headers, body: '{' }))).status).toBe(rules.invalidStatus);
  });
});

function notOf(schema: PlainSchema | undefined): unknown {
  return schema?.type === 'object' || schema?.type === 'array' ? 'text' : { not: 'this' };
}

describe.each(CONTRACTS.filter(({ body, method }) => body === null && method !== 'GET'))(
  '$name takes no body',
  (contract) => {
    test('what is sent with the type of JSON is ignored, JSON or not', async () => {
      for (const body of ['', '{', '[]', '{"a":1}']) {
        const answer = await ask(
          contract,
          requestOf(contract, { headers: credentialOf(contract, callerOf(contract)), body }),
        );
        // The subject does not exist, so the body is not checked.
        expect(answer.status, body).toBe(404);
      }
    });
  },
);

describe.each(CONTRACTS.filter(({ method }) => method === 'GET'))('$name by HEAD', (contract) => {
  test('is GET without the body', async () => {
    const { subjects } = world();
    for (const about of [subjects, ABSENT]) {
      const request = requestOf(contract, { subjects: about, headers: credentialOf(contract, callerOf(contract)) });
      const got = await ask(contract, request);
      const head = await ask(contract, { ...request, method: 'HEAD' });

      expect(head.text).toBe('');
      expect({ ...comparable(head, about), text: '' }).toEqual({ ...comparable(got, about), text: '' });
    }
  });
});

describe.each(FALLBACKS.flatMap(({ family, prefixes }) => prefixes.map((prefix) => ({ family, prefix }))))(
  'below $prefix',
  ({ family, prefix }) => {
    test.each(['', '/', '/nothing', '/favicon.ico', '/robots.txt', '/%zz', '/a/b/c/d', '/instances%00', '/INSTANCES'])(
      '%j is not there, in the words of the family',
      async (rest) => {
        for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'HEAD']) {
          expect((await ask({ family }, { method, path: prefix + rest })).status, method).toBe(404);
        }
      },
    );
  },
);

test('bytes that no client would send end in an answer or a closed connection, and never in a header', async () => {
  const { key } = world().user;
  const credentials = Object.entries(key)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  for (const header of [
    'x-request-id: \xff\xfe-high-bytes',
    'x-request-id: folded\r\n set-cookie: evil=1',
    'x-request-id: lone\rset-cookie: evil=1',
    'idempotency-key: nul\x00byte',
    'api-key : space-before-colon',
    `x-long: ${'x'.repeat(70_000)}`,
  ]) {
    const request = `GET /api/compute/v1/templates HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${credentials}${header}\r\n\r\n`;
    const answer = await sendBytes(cloud().baseUrl, request);

    const [head = ''] = answer.split('\r\n\r\n');
    expect(head).not.toMatch(/^set-cookie|\xff/im);
    expect(head).toMatch(/^$|^HTTP\/1\.1 (200|4\d\d) /);
  }
});

test('every path parameter is filled by a sample', () => {
  for (const contract of CONTRACTS) {
    const names = Object.keys(plainSchema(contract.params).properties ?? {});
    for (const name of names) expect(valueOf(contract, name, ABSENT), contract.name).not.toBe('');
    expect(sampleOf(contract, ABSENT).path).not.toMatch(/[{}]/);
  }
});

test("Prism's validator has seen all kinds of responses, and found no violation", () => {
  expect(prism?.checked).toBeGreaterThan(70);
});
