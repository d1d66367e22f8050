import { build } from 'esbuild';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Builds a variant of a function without bundled packages: its own sources in one file, and every package loaded whole
 * from node_modules. Returns its folder.
 */
export async function wholeFunction(root: string, name: string, source: string): Promise<string> {
  const folder = join(root, '.build/bench/whole', name);
  await mkdir(folder, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: [join(root, source)],
    outfile: join(folder, 'index.js'),
    bundle: true,
    packages: 'external',
    // esbuild would take `#shared` for a package, which `packages: 'external'` leaves out.
    alias: { '#shared': join(root, 'shared') },
    format: 'esm',
    platform: 'node',
    target: 'node24',
    logLevel: 'silent',
  });
  await writeFile(join(folder, 'package.json'), '{"main":"index.js","type":"module"}\n');
  return folder;
}
