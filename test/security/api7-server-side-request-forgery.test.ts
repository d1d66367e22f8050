import { expect, test } from 'vitest';
import { workerLocalCloud } from '#test/support/worker-local-cloud.ts';
import { EVERY_ENDPOINT } from './every-endpoint.ts';

const cloud = workerLocalCloud();

test.each(EVERY_ENDPOINT)('no input of %s is an address that we would call', (_, { params, query, body }) => {
  const names = [params, query, ...(body === null ? [] : [body])].flatMap((schema) => inputs(schema));

  for (const { name, format } of names) {
    expect(name).not.toMatch(/(^|_)ur[il]s?(_|$)|Ur[il]|callback|webhook|endpoint|host$|proxy/);
    expect(format).not.toMatch(/uri|url|hostname|ipv/);
  }
});

test.each([
  'http://169.254.169.254/computeMetadata/v1/',
  '//metadata.google.internal/',
  '../../projects/other/zones/us-central1-a/instances',
  'projects/other-project/global/images/private',
])('a name that is an address or a path of the cloud is a name that nobody has: %s', async (name) => {
  const before = (await cloud().calls()).length;

  for (const body of [
    { template_id: name, config_id: 'default-network' },
    { template_id: 'ubuntu-22-standard', config_id: name },
    { template_id: 'ubuntu-22-standard', zone: name },
  ]) {
    const { status } = await cloud().request('alice', 'POST', '/api/compute/v1/instances', { body });
    expect([400, 404]).toContain(status);
  }
  const zones = await cloud().request('alice', 'GET', `/api/compute/v1/templates/${encodeURIComponent(name)}/zones`);

  expect([400, 404]).toContain(zones.status);
  expect(await cloud().calls()).toHaveLength(before);
});

/** Returns every named input of a schema, at any depth. */
function inputs(schema: unknown): readonly { readonly name: string; readonly format: string }[] {
  const own = Object.entries(membersOf(memberOf(schema, 'properties')));
  const named = own.map(([name, member]) => ({ name, format: JSON.stringify(memberOf(member, 'format') ?? '') }));
  const below = [...own.map(([, member]) => member), memberOf(schema, 'items')];
  return [...named, ...below.filter((inner) => inner !== undefined).flatMap((inner) => inputs(inner))];
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function memberOf(value: unknown, name: string): unknown {
  return membersOf(value)[name];
}
