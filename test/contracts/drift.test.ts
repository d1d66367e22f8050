import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { drift, outputs, writeOutputs } from '#scripts/generate/outputs.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('the committed files are what the contracts say', async () => {
  const committed = (await drift(ROOT)).filter((path) => path.startsWith('infra/'));

  expect(committed).toEqual([]);
});

test('generating twice gives the same bytes', () => {
  expect([...outputs()]).toEqual([...outputs()]);
});

test('--help names the option, without writing anything', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/generate.ts'), '--help']);

  expect(stdout).toContain('--check');
});

test('a changed, a missing and a superfluous file are each named, and repaired by writing', async () => {
  const root = await mkdtemp(join(tmpdir(), 'generate-'));
  onTestFinished(() => rm(root, { recursive: true }));
  await writeOutputs(root);
  const manifest = join(root, 'infra/generated/functions.json');
  await writeFile(manifest, `${await readFile(manifest, 'utf8')} `);
  await rm(join(root, 'infra/generated/openapi/compute.json'));
  await cp(manifest, join(root, '.build/endpoints/compute-gone.ts'));

  const named = await drift(root);
  const written = await writeOutputs(root);

  expect(named).toEqual([
    '.build/endpoints/compute-gone.ts',
    'infra/generated/functions.json',
    'infra/generated/openapi/compute.json',
  ]);
  expect(written).toEqual(named);
  expect(await drift(root)).toEqual([]);
});
