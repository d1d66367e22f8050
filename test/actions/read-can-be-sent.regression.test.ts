import { expect, test } from 'vitest';
import catalog from '#scripts/local/catalog.json' with { type: 'json' };
import { serverTypeSize } from '#shared/actions/instance-edits.ts';
import { specBlueprint } from '#shared/actions/spec-blueprint.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { SERVER_TYPE } from '#shared/datastore/catalog-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { InstanceSpec } from '#shared/domain/instance-spec.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { presentResource } from '#shared/families/resource/present.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { testAuditor } from '#test/support/test-auditor.ts';

/*
 * The resource family showed an instance of the compute family with the machine type and image of Compute Engine, and
 * refused the same spec as unknown when it was sent.
 */

const CALLER = { customerId: 'acme' } as Principal;

async function opened() {
  const { store } = await testDatastore();
  await applyCatalog(store, catalog satisfies Catalog, { auditor: testAuditor() });
  const blueprint = (spec: InstanceSpec) => {
    const keys = async () => ({ keys: [], unknown: [] });
    const request = { name: 'web', labels: {}, spec, customerId: 'acme', project: '', keys, ownLabel: 'compute-api' };
    return specBlueprint(request, store);
  };
  return { store, blueprint };
}

const templates = Object.entries(catalog.templates);

test.each(templates)('what is read in /v1 of an instance of the template %s can be sent there', async (_, template) => {
  const { blueprint } = await opened();
  const { machineType, image, diskSizeGb } = template;
  const machine = { ...anInstance().machine, machineType, image, diskSizeGb };
  const { spec } = presentResource(anInstance({ machine }));

  const made = await blueprint(spec as InstanceSpec);

  expect(made.machine).toMatchObject({ machineType, image, diskSizeGb });
  expect(made.spec).toEqual(spec);
});

test('a machine type that only a template has, and one by which an instance is resized, are known too', async () => {
  const { store, blueprint } = await opened();
  const [template] = templates[0] === undefined ? [] : [templates[0][1]];
  const only = { ...template, machineType: 'c3-standard-4', image: 'projects/p/global/images/family/own' };
  await applyCatalog(store, { templates: { only } } as unknown as Catalog, { auditor: testAuditor() });

  const { machine } = await blueprint({ type: only.machineType, image: only.image });

  expect(machine).toMatchObject({ machineType: only.machineType, image: only.image, diskType: 'pd-standard' });
  expect(await serverTypeSize('c3-standard-4', CALLER, store)).toMatchObject({ machineType: 'c3-standard-4' });
});

test("neither what the catalogue does not offer nor another customer's type is known", async () => {
  const { store, blueprint } = await opened();
  const row = {
    machineType: 'm3-ultramem-32',
    series: 'm3',
    vcpus: 32,
    memoryMb: 1,
    diskSizeGb: 10,
    diskType: 'pd-ssd',
  };
  const extras = { accelerator: null, localSsds: 0, discardLocalSsd: false };
  await store.write([put(SERVER_TYPE, 'own', { id: 'own', customerId: 'umbrella', ...row, ...extras })]);

  const spec = { type: 'm3-ultramem-32', image: 'projects/evil/global/images/own' };
  await expect(blueprint(spec)).rejects.toMatchObject({
    reason: 'spec_not_possible',
    fields: [{ pointer: '/spec/type' }, { pointer: '/spec/image' }],
  });
  await expect(serverTypeSize(spec.type, CALLER, store)).rejects.toMatchObject({ reason: 'spec_not_possible' });
});
