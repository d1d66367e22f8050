import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'esbuild';

const SOURCE = /[\\/]shared[\\/]pages[\\/]reference-script\.ts$/;

/** Replaces the placeholder module by Scalar's standalone build, so that the page loads nothing from other hosts. */
export function referenceScriptPlugin(): Plugin {
  return {
    name: 'reference-script',
    setup(build) {
      build.onLoad({ filter: SOURCE }, async () => {
        const main = createRequire(import.meta.url).resolve('@scalar/api-reference');
        const file = main.replace(/dist[\\/].*$/, 'dist/browser/standalone.js');
        const packed = gzipSync(await readFile(file), { level: constants.Z_BEST_COMPRESSION });
        return {
          contents: `export const REFERENCE_SCRIPT = ${JSON.stringify(packed.toString('base64'))};`,
          loader: 'js',
        };
      });
    },
  };
}
