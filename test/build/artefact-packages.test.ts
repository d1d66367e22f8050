import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { artefactLock, artefactPackage } from '#scripts/build/artefact-packages.ts';

const LOCKFILE = fileURLToPath(new URL('../../package-lock.json', import.meta.url));
const run = promisify(execFile);

describe('package files of an artefact', () => {
  it('ask for the framework in the version of our lockfile, and for no build', async () => {
    const lockfile: unknown = JSON.parse(await readFile(LOCKFILE, 'utf8'));

    expect(JSON.parse(artefactPackage(lockfile))).toEqual({
      main: 'index.js',
      dependencies: { '@google-cloud/functions-framework': '5.0.5' },
      scripts: { 'gcp-build': '' },
    });
  });

  it('are complete for npm: everything needed is locked, nothing else is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'artefact-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const lockfile: unknown = JSON.parse(await readFile(LOCKFILE, 'utf8'));
    await writeFile(join(folder, 'package.json'), artefactPackage(lockfile));
    await writeFile(join(folder, 'package-lock.json'), artefactLock(lockfile));

    // npm checks only the lockfile here, and fails if a dependency is missing, invalid or extraneous.
    const { stdout } = await run('npm', ['ls', '--package-lock-only', '--all', '--parseable'], { cwd: folder });

    expect(stdout).toContain(join('node_modules', '@google-cloud', 'functions-framework'));
    expect(stdout).not.toContain(join('node_modules', 'esbuild'));
  });

  it('take a nested version where the dependant has its own', () => {
    const framework = { version: '1.0.0', dependencies: { a: '1' }, dev: true, resolved: 'somewhere' };
    const lockfile = {
      packages: {
        'node_modules/@google-cloud/functions-framework': framework,
        'node_modules/a': { version: '1.0.0', dependencies: { b: '2' }, optionalDependencies: { c: '1' } },
        'node_modules/a/node_modules/b': { version: '2.0.0' },
        'node_modules/b': { version: '1.0.0' },
      },
    };

    const { packages } = JSON.parse(artefactLock(lockfile)) as { packages: Record<string, unknown> };

    expect(Object.keys(packages)).toEqual([
      '',
      'node_modules/@google-cloud/functions-framework',
      'node_modules/a',
      'node_modules/a/node_modules/b',
    ]);
    expect(packages['node_modules/@google-cloud/functions-framework']).toEqual({
      version: '1.0.0',
      dependencies: { a: '1' },
    });
  });
});
