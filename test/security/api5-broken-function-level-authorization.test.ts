import { describe, expect, test } from 'vitest';
import { PRINCIPAL_NAMES } from '#scripts/local/state/connection.ts';
import { workerLocalCloud } from '#test/support/worker-local-cloud.ts';
import { ABSENT, bearer, complaint, EVERY_ENDPOINT, sendExample, sendRaw, targetOf } from './every-endpoint.ts';

const cloud = workerLocalCloud();

describe('who may call what', () => {
  test.each(EVERY_ENDPOINT)('%s', async (_, contract) => {
    for (const principal of PRINCIPAL_NAMES) {
      const roles: readonly string[] = cloud().connection.principals[principal].roles;
      const may = contract.role === null || roles.includes(contract.role);

      const answer = await sendExample(cloud(), contract, { as: principal });

      expect(answer.status, principal).not.toBe(401);
      // The other possible 403 is for the quota.
      const isRefused = answer.status === 403 && complaint(answer).includes('role');
      expect(isRefused, principal).toBe(!may);
    }
  });
});

const ADMIN_ENDPOINTS = EVERY_ENDPOINT.filter(([, { role }]) => role !== null);

describe('without the role, nothing is told of what is there', () => {
  test.each(ADMIN_ENDPOINTS)('%s', async (_, contract) => {
    const target = targetOf(contract, { ...ABSENT, instanceId: 'NOT-EVEN-AN-ID' });
    const call = { method: contract.method, headers: bearer(cloud(), 'alice') };
    const plain = await sendExample(cloud(), contract, { as: 'alice' });
    const wrong = await sendRaw(cloud(), { ...call, target: `${target}?page=x&unknown=y` });
    const without = (text: string) => text.replace(/[0-9a-f]{32}/, '');

    expect(wrong.status).toBe(403);
    expect(without(wrong.text)).toBe(without(plain.text));
  });
});

describe('another spelling of method or path is no way around', () => {
  const list = '/api/compute/v1/admin/instances';
  const send = (method: string, target: string, headers = {}) =>
    sendRaw(cloud(), { method, target, headers: { ...bearer(cloud(), 'alice'), ...headers } });

  test('HEAD needs the role that GET needs', async () => {
    expect((await send('HEAD', list)).status).toBe(403);
  });

  test.each(['x-http-method-override', 'x-http-method', 'x-method-override'])('%s', async (header) => {
    const overridden = await send('POST', '/api/compute/v1/admin/instances/tw-000000-00000000/stop', {
      [header]: 'GET',
    });
    const deleted = await send('POST', '/api/compute/v1/admin/instances/tw-000000-00000000', { [header]: 'DELETE' });

    expect([403, 405]).toContain(overridden.status);
    expect([403, 405]).toContain(deleted.status);
  });

  test.each([
    '/api/compute/v1/ADMIN/instances',
    '/api/compute/v1/admin/instances/',
    '/api/compute/v1//admin/instances',
    '/api/compute/v1/./admin/instances',
    '/api/compute/v1/instances/../admin/instances',
    '/api/compute/v1/%61dmin/instances',
    '/api/compute/v1/admin%2finstances',
    '/api/compute/v1/admin/instances;role=compute_admin',
    '/api/compute/v1/admin/instances%00',
    '/api/compute/v1/instances/%2e%2e/admin/instances',
  ])('%s', async (target) => {
    const answer = await send('GET', target);

    expect([400, 403, 404]).toContain(answer.status);
    expect(answer.text).not.toContain('totalCount');
  });
});
