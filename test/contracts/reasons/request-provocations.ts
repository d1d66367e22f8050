import type { Contract } from '#shared/contracts/contract.ts';
import { plainSchema } from '#scripts/generate/plain-schema.ts';
import { USER } from '#shared/datastore/account-rows.ts';
import { SUSPENSION } from '#shared/datastore/account-rows.ts';
import { put, ref, replace } from '#shared/datastore/write.ts';
import { ABSENT, sampleOf } from '#test/support/contract-samples.ts';
import { ask, askOn, existing, keyOf, type Provocations, type Scene } from './scene.ts';
import type { Asked, Headers } from './stage.ts';

// Provokes refusals by the pipeline itself and failures of the store.

/** gRPC status codes. */
const [INVALID_ARGUMENT, UNAVAILABLE] = [3, 14];
const STORE_CALLS = ['lookup', 'runQuery', 'runAggregationQuery', 'beginTransaction', 'commit'] as const;

const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });
const storeFails = (status: number) =>
  STORE_CALLS.map((method) => ({ service: 'datastore', method, kind: 'error', status }) as const);

function unknownToken({ stage }: Scene): string {
  return `cs_${String(stage.next()).padStart(43, 'x')}`;
}

/** Returns a request that violates a rule of the contract, in the first part that has one. */
function wrongRequest({ body, family, path, query }: Contract): Partial<Asked> {
  if (body !== null) return { body: '{' };
  if (family !== 'fleet') return { query: 'colour=red' };
  const { properties = {} } = plainSchema(query);
  if ('limit' in properties) return { query: 'limit=0' };
  if ('project' in properties) return { query: `project=${'x'.repeat(129)}` };
  if ('instance_type' in properties) return { path: `${path}?instance_type=it_n1-standard-2&instance_quantity=0` };
  if ('num_samples' in properties) return { query: 'num_samples=-2' };
  return { path: path.replaceAll(/\{\w+\}/g, 'x'.repeat(129)) };
}

/** Returns a second body that the contract accepts. */
function otherBody({ contract, callers }: Scene): unknown {
  if (contract.body === null) return undefined;
  if (contract.family === 'resource')
    return { metadata: { name: 'another' }, spec: { type: 'cx31', image: 'debian-12' } };
  const sample = sampleOf(contract, { ...ABSENT, project: callers.able.project }).body as object;
  return { ...sample, ...(contract.family === 'fleet' ? { name: 'another' } : { config_id: 'private-network' }) };
}

export const REQUEST_PROVOCATIONS: Provocations = {
  invalid_request: (scene) => ask(scene, wrongRequest(scene.contract)),
  invalid_idempotency_key: (scene) =>
    ask(scene, { headers: { ...keyOf(scene, scene.callers.able), 'idempotency-key': 'a b' } }),
  invalid_cursor: (scene) =>
    ask(scene, {
      query: `${'cursor' in (plainSchema(scene.contract.query).properties ?? {}) ? 'cursor' : 'next_cursor'}=nonsense`,
      subjects: { project: scene.callers.able.project },
    }),
  credentials_missing: (scene) => ask(scene, { headers: {} }),
  credentials_malformed: (scene) => ask(scene, { headers: { 'api-key': 'half' } }),
  credentials_invalid: (scene) => ask(scene, { headers: bearer(unknownToken(scene)) }),
  too_many_failed_sign_ins: async (scene) => {
    const from = { 'x-forwarded-for': '10.9.9.9, 192.0.2.1' };
    for (let i = 0; i < 2; i += 1) await ask(scene, { headers: { ...bearer(unknownToken(scene)), ...from } });
  },
  issuer_unavailable: (scene) => ask(scene, { headers: bearer(unsignedToken()) }),
  tier_missing: (scene) => askOn(scene, 'gone'),
  not_in_tier: (scene) => askOn(scene, 'nothing'),
  rate_limited: async (scene) => {
    const walker = await scene.callers.of('narrow');
    const { limit } = scene.contract;
    if (limit !== null) await scene.stage.accounts.useUp(walker, limit, scene.stage.world.time.nowMs());
    await ask(scene, { headers: keyOf(scene, walker) });
  },
  datastore_unavailable: (scene) => whileStoreFails(scene, UNAVAILABLE),
  // Only a mistake of this service causes this reason.
  internal: (scene) => whileStoreFails(scene, INVALID_ARGUMENT),
  payload_too_large: (scene) => ask(scene, { body: `{"a":"${'x'.repeat(256 * 1024)}"}` }),
  contention: async (scene) => {
    const subjects = await existing(scene);
    // The first request makes the caller known, so the contention meets the change itself.
    await ask(scene);
    const commits = [{ service: 'datastore', method: 'commit', kind: 'contention' }] as const;
    const body = scene.contract.name === 'fleet-spot-bids-update' ? { body: { limit_price: '$7.00' } } : {};
    await scene.stage.withFaults(commits, () => ask(scene, { subjects, ...body }));
  },
  role_missing: async (scene) => {
    const { contract } = scene;
    const walker = await scene.callers.make({ admin: false });
    // If every user may call the endpoint, this caller requests what only administrators may have.
    const sample = sampleOf(contract, { ...ABSENT, project: walker.project }).body as object;
    const isResource = contract.family === 'resource';
    const spec = isResource
      ? { spec: { ...(sample as { readonly spec: object }).spec, required: true } }
      : { required: true };
    const body = contract.role === null ? { body: { ...sample, ...spec } } : {};
    await ask(scene, { headers: keyOf(scene, walker), ...body });
  },
  customer_suspended: async (scene) => {
    const walker = await scene.callers.make({});
    const suspension = { reason: 'The invoice of October is open.', sinceMs: 0, by: 'walk' };
    await scene.stage.accounts.store.write([put(SUSPENSION, walker.customerId, suspension)]);
    const subjects = await existing(scene, walker);
    const start = { instances: [`inst_${subjects.instanceId ?? ''}`], status: 'STATUS_RUNNING' };
    const body = scene.contract.name === 'fleet-instances-update' ? { body: start } : {};
    await ask(scene, { headers: keyOf(scene, walker), subjects, ...body });
  },
  feature_not_found: (scene) => ask(scene, { path: scene.contract.path.replaceAll(/\{\w+\}/g, 'nothing') }),
  idempotency_key_reused: async (scene) => {
    const headers = { ...keyOf(scene, scene.callers.able), 'idempotency-key': `one-${scene.stage.next()}` };
    await ask(scene, { headers, subjects: await existing(scene) });
    await ask(scene, { headers, subjects: await existing(scene), body: otherBody(scene) });
  },
  idempotency_key_in_use: async (scene) => {
    const headers = { ...keyOf(scene, scene.callers.able), 'idempotency-key': `one-${scene.stage.next()}` };
    const slow = [{ service: 'compute', method: 'instances.insert', kind: 'delay', delayMs: 5_000 }] as const;
    await scene.stage.withFaults(slow, async () => {
      const first = ask(scene, { headers });
      await scene.stage.world.time.sleep(100);
      await Promise.all([first, ask(scene, { headers })]);
    });
  },
  no_groups: async (scene) => {
    const { store } = scene.stage.accounts;
    const walker = await scene.callers.make({});
    const row = await store.get(ref(USER, walker.userId));
    if (row === undefined) throw new Error('The walker is not on record.');
    await store.write([replace(row, { ...row.value, groups: [] })]);
    await ask(scene, { headers: keyOf(scene, walker), subjects: { project: walker.project } });
  },
};

function whileStoreFails(scene: Scene, status: number): Promise<unknown> {
  return scene.stage.withFaults(storeFails(status), () => ask(scene, { headers: keyOf(scene, scene.callers.unseen) }));
}

function unsignedToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'https://issuer.test', aud: 'walk', exp: 9_999_999_999, sub: 'x' };
  return `${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}.${'s'.repeat(342)}`;
}
