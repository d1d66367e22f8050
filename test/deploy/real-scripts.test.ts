import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { accountsLine } from '#scripts/accounts/accounts-line.ts';
import { catalogLine } from '#scripts/catalog/catalog-line.ts';
import { applyCatalogue, cataloguePlanText, overwrites, planCatalogue } from '#scripts/deploy/catalogue.ts';
import type { DeployContext } from '#scripts/deploy/deploy-context.ts';
import { smokeTest } from '#scripts/deploy/smoke-test.ts';
import type { Outputs } from '#scripts/deploy/terraform-steps.ts';
import { secretHash } from '#shared/accounts/credential-text.ts';
import { API_KEY, CUSTOMER } from '#shared/datastore/account-rows.ts';
import { ALL_API_KEYS, ALL_TEMPLATES, ALL_USERS } from '#shared/datastore/queries.ts';
import { ref } from '#shared/datastore/write.ts';
import { TEST_PROJECT, testDatastore } from '#test/support/datastore.ts';
import { runLine } from '#test/support/run-line.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUTPUTS: Outputs = {
  address: 'https://gateway.example',
  functions: {},
  alertsGoTo: undefined,
  // The name that Terraform's outputs use.
  database: '(default)',
  network: { network: 'global/networks/n', region: 'europe-west1', subnetwork: 'regions/europe-west1/subnetworks/s' },
};

const SCRIPTS: Readonly<Record<string, Parameters<typeof runLine>[0]>> = {
  'scripts/accounts.ts': accountsLine,
  'scripts/catalog.ts': catalogLine,
};

/** Creates a deployment whose scripts are the real ones, run on an emulator; real deployments never use one. */
async function onEmulator() {
  const { store, address } = await testDatastore();
  const folder = await mkdtemp(join(tmpdir(), 'scripts-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const piped = join(folder, 'input');
  const keys: string[] = [];
  const context: DeployContext = {
    target: {
      project: TEST_PROJECT,
      region: 'europe-west1',
      environment: 'production',
      stateBucket: 'state',
      stateBucketNamed: true,
      databaseId: undefined,
      emptyDatabase: false,
      varFiles: [],
    },
    world: {
      root: ROOT,
      environment: {},
      run: async (program, [script = '', ...args], { environment, input = '', shown }) => {
        // Without a project there are no logs in which to find the probe.
        if (program !== 'node') return { code: 1, stdout: '', stderr: 'no project' };
        // Standard input belongs to this process, so the input is passed in a file; the command lines' own tests use
        // standard input.
        await writeFile(piped, input);
        const make = SCRIPTS[script] ?? expect.fail(`${script} is no script of a deployment.`);
        const { exitCode: code, ...said } = await runLine(
          make,
          args.map((arg) => (arg === '-' ? piped : arg)),
          {
            ...(environment as Readonly<Record<string, string>>),
            DATASTORE_EMULATOR_HOST: address,
          },
        );
        return { code: code ?? 1, stdout: shown === true ? '' : said.stdout, stderr: said.stderr };
      },
      node: 'node',
      note: () => undefined,
      ask: async () => undefined,
      fetch: async (_, headers) => {
        const [id, secret] = [headers['api-key'], headers['api-secret']];
        if (id === undefined || secret === undefined) {
          return Response.json(
            { reason: 'unauthenticated' },
            { status: 401, headers: { 'x-error-id': 'a'.repeat(32) } },
          );
        }
        keys.push(id);
        const row = await store.get(ref(API_KEY, id));
        return Response.json({}, { status: row?.value.secretHash === secretHash(secret) ? 200 : 401 });
      },
      sleep: async () => undefined,
      nowMs: () => 0,
    },
  };
  return { context, store, keys };
}

test('catalogue and smoke test run against the default database, as often as wanted', async () => {
  const { context, store, keys } = await onEmulator();

  const tiers = await applyCatalogue(context, join(ROOT, 'infra/catalog.json'), OUTPUTS);
  await smokeTest(context, OUTPUTS, tiers[0]);
  // The catalogue's first tier may be another one at the next run.
  await smokeTest(context, OUTPUTS, tiers[1]);

  expect(await store.count(ALL_TEMPLATES, {})).toBeGreaterThan(0);
  expect(new Set(keys).size).toBe(2);
  expect((await store.get(ref(CUSTOMER, 'smoke-test')))?.value.tier).toBe(tiers[1]);
  // No user and no key is left.
  expect([await store.count(ALL_USERS, {}), await store.count(ALL_API_KEYS, {})]).toEqual([0, 0]);
});

test('the catalogue is planned before it is written: adds first, nothing after, and what was changed by hand', async () => {
  const { context } = await onEmulator();
  const shipped = join(ROOT, 'infra/catalog.json');
  const folder = await mkdtemp(join(tmpdir(), 'catalogue-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const byHand = join(folder, 'catalog.json');
  await writeFile(byHand, (await readFile(shipped, 'utf8')).replace('"maxInstances": 1,', '"maxInstances": 2,'));

  const first = await planCatalogue(context, shipped, OUTPUTS);
  await applyCatalogue(context, shipped, OUTPUTS);
  const second = await planCatalogue(context, shipped, OUTPUTS);
  await applyCatalogue(context, byHand, OUTPUTS);
  const third = await planCatalogue(context, shipped, OUTPUTS);

  expect([first, second, third].map(overwrites)).toEqual([false, false, true]);
  expect(first.items.length).toBeGreaterThan(0);
  expect(second.items).toEqual([]);
  expect(cataloguePlanText(third)).toContain('~ tier free\n    maxInstances: 2 → 1\n');
});
