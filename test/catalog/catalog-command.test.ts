import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { catalogLine } from '#scripts/catalog/catalog-line.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { exportCatalog } from '#shared/catalog/stored-catalog.ts';
import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import { put } from '#shared/datastore/write.ts';
import { TEST_PROJECT, testDatastore } from '#test/support/datastore.ts';
import { runLine } from '#test/support/run-line.ts';
import { runScript } from '#test/support/run-script.ts';
import { aCatalog, aTier } from './a-catalog.ts';

/** Starting a process takes a second on a busy machine. */
const PROCESSES_TIMEOUT_MS = 240_000;

async function harness() {
  const datastore = await testDatastore();
  const folder = mkdtempSync(path.join(tmpdir(), 'catalog-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const environment = { DATASTORE_EMULATOR_HOST: datastore.address, GOOGLE_CLOUD_PROJECT: TEST_PROJECT };
  return {
    ...datastore,
    folder,
    write: (catalog: Catalog) => {
      const file = path.join(folder, 'catalog.json');
      writeFileSync(file, JSON.stringify(catalog));
      return file;
    },
    run: (args: readonly string[]) => runLine(catalogLine, args, environment),
    /** Runs the command in a process of its own, with the text on its standard input. */
    runProcess: (args: readonly string[], input = '') => runScript('catalog', args, { environment, input }),
  };
}

test(
  'plan says 2 when there is something to do, apply does it, plan says 0',
  { timeout: PROCESSES_TIMEOUT_MS },
  async () => {
    const h = await harness();
    const file = h.write(aCatalog());

    const before = await h.runProcess(['plan', file]);
    const applied = await h.runProcess(['apply', file]);
    const after = await h.runProcess(['plan', file]);

    expect([before.exitCode, applied.exitCode, after.exitCode]).toEqual([2, 0, 0]);
    expect(before.stdout).toContain('+ template ubuntu-22-standard');
    expect(before.stdout).toContain('14 to add, 0 to change, 0 to remove.');
    expect(applied.stdout).toContain('Done.');
    expect(applied.stderr).toContain('14 of 14 written');
    expect(after.stdout).toContain('Nothing to do.');
    expect(await exportCatalog(h.store)).toEqual(aCatalog());
  },
);

test('a change is one line per member, old and new', async () => {
  const h = await harness();
  await h.run(['apply', h.write(aCatalog())]);

  const { stdout, exitCode } = await h.run(['plan', h.write({ tiers: { pro: aTier({ maxInstances: 5 }) } })]);

  expect(exitCode).toBe(2);
  expect(stdout).toContain('~ tier pro\n    maxInstances: 3 → 5\n');
  expect(stdout).toContain('left alone:\n');
  expect(stdout).toContain('= tier free\n');
});

test('what is in use is not removed: 3, its users named, nothing changed', async () => {
  const h = await harness();
  await h.run(['apply', h.write(aCatalog())]);
  await h.store.write([put(CUSTOMER, 'acme', { id: 'acme', name: 'Acme', tier: 'free' })]);
  const file = h.write({ tiers: { pro: aTier({ maxInstances: 5 }) } });

  const planned = await h.run(['plan', file, '--prune']);
  const applied = await h.run(['apply', file, '--prune']);
  const asJson = await h.run(['apply', file, '--prune', '--json']);

  expect([planned.exitCode, applied.exitCode, asJson.exitCode]).toEqual([3, 3, 3]);
  expect(applied.stdout).toContain('tier free is used by 1 customer: acme.');
  expect(applied.stderr).toContain('nothing was changed');
  expect(JSON.parse(asJson.stdout)).toMatchObject({
    applied: false,
    refused: [{ what: 'tier free', first: ['acme'] }],
  });
  expect(await exportCatalog(h.store)).toEqual(aCatalog());
});

test(
  'export writes what apply reads, to a file or to standard output, always in the same order',
  { timeout: PROCESSES_TIMEOUT_MS },
  async () => {
    const h = await harness();
    await h.run(['apply', h.write(aCatalog())]);
    const file = path.join(h.folder, 'exported.json');

    const toFile = await h.run(['export', file]);
    const toOutput = await h.run(['export']);
    const again = await h.runProcess(['plan', '-'], toOutput.stdout);

    expect(toFile.stdout).toBe(`14 entries written to ${file}.\n`);
    expect(readFileSync(file, 'utf8')).toBe(toOutput.stdout);
    expect(JSON.parse(toOutput.stdout)).toEqual(aCatalog());
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain('Nothing to do.');
  },
);

test('--json prints the plan as a value', async () => {
  const h = await harness();

  const { stdout, exitCode } = await h.run(['plan', h.write({ tiers: { pro: aTier() } }), '--json']);

  expect(exitCode).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ items: [{ change: 'add', what: 'tier pro' }], refused: [], warnings: [] });
});

test(
  'a wrong file is refused with every mistake in it, and nothing is written',
  { timeout: PROCESSES_TIMEOUT_MS },
  async () => {
    const h = await harness();
    const wrong = JSON.stringify({ tiers: { pro: { maxInstances: 'x' } }, more: {} });

    const { exitCode, stderr } = await h.runProcess(['apply', '-'], wrong);

    expect(exitCode).toBe(1);
    expect(stderr).toContain('/more is not known here; known are tiers, templates');
    expect(stderr).toContain('/tiers/pro/maxInstances must be an integer from 0 (disabled)');
    expect(stderr).toContain('/tiers/pro/perMinute is missing');
    expect(Object.values(await exportCatalog(h.store)).flatMap((section) => Object.keys(section))).toEqual([]);
  },
);

test('a file that does not exist is reported', async () => {
  const h = await harness();

  const { exitCode, stderr } = await h.run(['apply', path.join(h.folder, 'none.json')]);

  expect(exitCode).toBe(1);
  expect(stderr).toContain('none.json cannot be read');
});

test.each([['plan'], ['apply'], ['export']])('%s --help has an example', async (command) => {
  const { exitCode, stdout } = await runLine(catalogLine, [command, '--help']);

  expect(exitCode).toBe(0);
  expect(stdout).toContain(`npm run catalog -- ${command}`);
});
