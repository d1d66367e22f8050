import { build } from 'esbuild';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A function without its types and otherwise deployed without a bundle: its own sources in one file,
 * every package from node_modules, whole. Answers its folder.
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
    // Ours are no packages, although they look like it.
    alias: { '#shared': join(root, 'shared') },
    format: 'esm',
    platform: 'node',
    target: 'node24',
    logLevel: 'silent',
  });
  await writeFile(join(folder, 'package.json'), '{"main":"index.js","type":"module"}\n');
  return folder;
}
