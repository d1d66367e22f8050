import { execFile } from 'node:child_process';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Without a reachable registry npm would retry for minutes. */
const NPM_LIMIT_MS = 240_000;

/**
 * Installs the packages of the artefact in a folder: with `npm ci`, from npm's cache or the registry. If neither has
 * them, the same locked packages are copied from this project. Returns which of the two was done.
 */
export async function install(folder: string): Promise<'npm ci' | 'copied'> {
  const args = ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--fetch-retries=1'];
  try {
    await promisify(execFile)('npm', args, { cwd: folder, timeout: NPM_LIMIT_MS });
    return 'npm ci';
  } catch (thrown) {
    const said = thrown instanceof Error ? thrown.message : String(thrown);
    const why = said.split('\n').find((line) => line.startsWith('npm error')) ?? said;
    console.log(`npm ci is not possible here (${why}): the locked packages are copied from node_modules instead.`);
    await copyLocked(folder);
    return 'copied';
  }
}

async function copyLocked(folder: string): Promise<void> {
  const lockfile = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')) as { packages: object };
  const paths = Object.keys(lockfile.packages).filter((path) => path !== '');
  // A package is copied before the packages nested in it.
  for (const path of paths.sort()) {
    await mkdir(join(folder, path), { recursive: true });
    await cp(join(ROOT, path), join(folder, path), {
      recursive: true,
      filter: (source) => !source.slice(join(ROOT, path).length).startsWith('/node_modules'),
    });
  }
}
