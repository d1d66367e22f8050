import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILD_SCRIPTS = fileURLToPath(new URL('..', import.meta.url));

/**
 * Returns a digest of everything that determines the build's output: sources, manifest, lockfile, the build scripts,
 * the version of Node.js, and `settings`. Equal digests mean equal artefacts.
 */
export async function sourceStamp(root: string, settings: string): Promise<string> {
  const hash = createHash('sha256').update(`${process.version}\n${settings}\n`);
  const named = [
    ...(await filesUnder(root, 'functions')),
    ...(await filesUnder(root, 'shared')),
    ...(await filesUnder(root, 'infra/generated/openapi')),
    ...[
      'infra/generated/functions.json',
      'infra/generated/openapi.json',
      'package-lock.json',
      'package.json',
      'tsconfig.json',
    ].map((path) => [path, join(root, path)]),
    ...(await filesUnder(BUILD_SCRIPTS, 'build')),
    ['build.ts', join(BUILD_SCRIPTS, 'build.ts')],
  ] as const;
  const contents = await Promise.all(named.map(([, path]) => readFile(path).catch(() => Buffer.alloc(0))));
  for (const [index, [name]] of named.entries()) {
    const content = contents[index] ?? Buffer.alloc(0);
    hash.update(`${name} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

/** Returns all files below a folder, sorted by name; none for a folder that does not exist. */
async function filesUnder(root: string, folder: string): Promise<readonly (readonly [name: string, path: string])[]> {
  const files = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(onlyMissing);
  return files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .map((path) => [relative(root, path), path] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function onlyMissing(thrown: unknown): Dirent[] {
  if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw thrown;
}
