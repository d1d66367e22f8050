import { describe, expect, test } from 'vitest';
import type { Contract } from '#shared/contracts/contract.ts';
import { ComputeUser, operationOf } from '#test/support/compute-api.ts';
import { FleetUser } from '#test/support/fleet-api.ts';
import { workerLocalCloud } from '#test/support/worker-local-cloud.ts';
import { passesOverUnknown } from '#test/support/contract-samples.ts';
import { Records } from '#test/support/records.ts';
import {
  bearer,
  complaint,
  ENDPOINTS_WITH_BODY,
  EVERY_ENDPOINT,
  exampleBody,
  OWNED_ENDPOINTS,
  sendExample,
  sendRaw,
  targetOf,
  ABSENT,
  type RawAnswer,
} from './every-endpoint.ts';

const cloud = workerLocalCloud();

/** Members of records with values that would give a caller more than they may have. */
const NOT_THE_CALLERS: Readonly<Record<string, unknown>> = {
  id: 'tw-000000-11111111',
  userId: '00000000-0000-4000-8000-000000000000',
  customerId: 'umbrella',
  project: 'proj_0000000000000000',
  visibleBy: ['group2'],
  status: 'RUNNING',
  createdAt: '2000-01-01T00:00:00Z',
  externalIp: '203.0.113.1',
  machine: { machineType: 'm3-ultramem-128' },
  machineType: 'm3-ultramem-128',
  queue: [],
  eventCount: 0,
  lastEventAtMs: 0,
  roles: ['compute_admin'],
  tier: 'unlimited',
  constructor: { prototype: { isAdmin: true } },
};

async function instanceCount(): Promise<number> {
  const records = new Records(cloud().connection);
  try {
    return (await records.instances()).length;
  } finally {
    await records.close();
  }
}

const POLLUTED = '{"__proto__":{"roles":["compute_admin"]},';

describe('a body cannot set what is not the caller’s to set', () => {
  test.each(ENDPOINTS_WITH_BODY.filter(([, contract]) => !passesOverUnknown(contract, 'body')))(
    '%s refuses it',
    async (_, contract) => {
      const before = await instanceCount();

      for (const [name, value] of Object.entries(NOT_THE_CALLERS)) {
        const answer = await send(contract, JSON.stringify({ ...exampleBody(contract), [name]: value }));

        expect([400, 422], name).toContain(answer.status);
        expect(complaint(answer), name).toContain(name);
      }
      const polluted = JSON.stringify(exampleBody(contract)).replace('{', POLLUTED);
      expect([400, 422]).toContain((await send(contract, polluted)).status);
      expect(await instanceCount()).toBe(before);
    },
  );

  // The fleet family ignores unknown members: the reply is the one to a body without the member.
  test.each(ENDPOINTS_WITH_BODY.filter(([, contract]) => passesOverUnknown(contract, 'body')))(
    '%s passes over it',
    async (_, contract) => {
      const example = JSON.stringify(exampleBody(contract));
      const plain = await send(contract, example);
      const before = await instanceCount();

      const strange = Object.entries(NOT_THE_CALLERS).filter(([name]) => !example.includes(`"${name}"`));
      for (const body of [
        ...strange.map(([name, value]) => JSON.stringify({ ...exampleBody(contract), [name]: value })),
        example.replace('{', POLLUTED),
      ]) {
        const answer = await send(contract, body);

        expect(shapeOf(answer), body).toEqual(shapeOf(plain));
        expect(answer.text, body).not.toMatch(/umbrella|m3-ultramem|203\.0\.113|compute_admin|unlimited/);
      }
      expect(await instanceCount()).toBe(before);
    },
  );

  const send = (contract: Contract, body: string) =>
    sendRaw(cloud(), {
      method: contract.method,
      target: targetOf(contract, ABSENT),
      headers: { ...bearer(cloud(), contract.role === null ? 'alice' : 'admin'), 'content-type': 'application/json' },
      body,
    });
});

/** Returns a reply without the values that differ between objects. */
function shapeOf({ status, text }: RawAnswer): unknown {
  const body: unknown = JSON.parse(text);
  return { status, members: Object.keys(body as object).sort() };
}

describe('a query cannot either', () => {
  test.each(EVERY_ENDPOINT)('%s', async (_, contract) => {
    for (const name of ['userId', 'customerId', 'visibleBy', 'role', '__proto__']) {
      const answer = await sendRaw(cloud(), {
        method: contract.method,
        target: targetOf(contract, ABSENT, `${name}=x`),
        headers: bearer(cloud(), contract.role === null ? 'alice' : 'admin'),
        ...(contract.body === null ? {} : { body: JSON.stringify(exampleBody(contract)) }),
      });

      // The fleet family ignores unknown parameters, so the name has no effect there.
      if (passesOverUnknown(contract, 'query')) expect(answer.status, name).toBeLessThan(500);
      else expect([400, 422], name).toContain(answer.status);
    }
  });
});

test('answers have the members that are documented, and nothing of the record behind them', async () => {
  const alice = new ComputeUser(cloud(), 'alice');
  const created = await alice.create();
  const { instanceId } = await alice.ended(created);
  const { project } = cloud().connection.principals.alice;
  const bid = await new FleetUser(cloud(), cloud().connection.principals.alice).allocated('walk');
  const subjects = { instanceId, operationId: operationOf(created), sshKeyId: await alice.sshKey(), bid, project };
  const reads = [...OWNED_ENDPOINTS, ...EVERY_ENDPOINT.filter(([, { path }]) => !path.includes('{'))].filter(
    ([, { method }]) => method === 'GET',
  );

  for (const [name, contract] of reads) {
    const answer = await sendExample(cloud(), contract, { as: contract.role === null ? 'alice' : 'admin', subjects });
    if (answer.status !== 200) continue;
    const undocumented = strangers(JSON.parse(answer.text), contract.success[0]?.body);

    expect(undocumented, name).toEqual([]);
    expect(answer.text, name).not.toMatch(/leaseToken|secretHash|cloudId|checkAtMs|eventCount|baseVersion/);
  }
});

/** Returns the paths of a value's members that its schema does not declare. */
function strangers(value: unknown, schema: unknown, path = ''): readonly string[] {
  const known = memberOf(schema, 'properties');
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown) => strangers(item, memberOf(schema, 'items'), `${path}/*`));
  }
  // A schema without properties, such as a record, allows any members.
  if (typeof value !== 'object' || value === null || known === undefined) return [];
  return Object.entries(value).flatMap(([name, member]: readonly [string, unknown]) => {
    const inner = memberOf(known, name);
    return inner === undefined ? [`${path}/${name}`] : strangers(member, inner, `${path}/${name}`);
  });
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
