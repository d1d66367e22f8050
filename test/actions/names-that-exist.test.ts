import { expect, test } from 'vitest';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import { CatalogReader } from '#shared/actions/catalog-reader.ts';
import { requireProject } from '#shared/actions/require-project.ts';
import { templateBlueprint } from '#shared/actions/template-blueprint.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { NETWORK_CONFIG } from '#shared/datastore/catalog-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { testAuditor } from '#test/support/test-auditor.ts';
import { testDatastore } from '#test/support/datastore.ts';

async function reader() {
  const { store } = await testDatastore();
  await applyCatalog(store, catalog satisfies Catalog, { auditor: testAuditor() });
  return { store, catalog: new CatalogReader({ store, nowMs: () => 0 }) };
}

const REQUEST = {
  templateId: 'ubuntu-22-standard',
  configId: undefined,
  zone: '',
  project: '',
  keys: async () => ({ keys: [], unknown: [] }),
};

test('an unknown template is answered with the nearest names and the path that lists all', async () => {
  const { catalog: rows } = await reader();

  await expect(rows.template('ubuntu-22-standrad')).rejects.toMatchObject({
    reason: 'template_not_found',
    message: expect.stringMatching(
      /"ubuntu-22-standrad".*ubuntu-22-standard.*GET \/api\/compute\/v1\/templates/,
    ) as string,
  });
});

test('an unknown network config is answered with the nearest names and the path that lists all', async () => {
  const { catalog: rows } = await reader();

  await expect(rows.config('default')).rejects.toMatchObject({
    reason: 'config_not_found',
    message: expect.stringMatching(/default-network.*GET \/api\/compute\/v1\/configs/) as string,
  });
});

test("the reply to an unknown project lists the caller's projects and no others", async () => {
  const { store } = await reader();
  const caller: Principal = {
    userId: '550e8400-e29b-41d4-a716-446655440000',
    customerId: 'acme',
    projects: ['proj_acme000000000000'],
    groups: ['group1'],
    roles: [],
    tier: 'pro',
    credential: { type: 'key', id: 'key-1' },
  };

  await expect(requireProject(caller, 'proj_acme00000000000', { store })).rejects.toMatchObject({
    reason: 'project_not_found',
    message: expect.stringMatching(/There is proj_acme000000000000\. GET \/v2\/projects/) as string,
  });
});

test('a config in another region than the template is refused, as a zone there is', async () => {
  const { store, catalog: rows } = await reader();
  const config = await rows.config('default-network');
  await store.write([put(NETWORK_CONFIG, 'elsewhere', { ...config, id: 'elsewhere', zone: 'europe-west1-b' })]);

  await expect(templateBlueprint({ ...REQUEST, configId: 'elsewhere' }, rows)).rejects.toMatchObject({
    kind: 'invalid_request',
    fields: [{ place: 'body', pointer: '/config_id', rule: 'region' }],
  });
});
