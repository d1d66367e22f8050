import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CONTRACTS } from '#shared/contracts/index.ts';
import { generatedEndpoint } from './generated-endpoint.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test.each(CONTRACTS)('$name brings its checks into a bundle, and no library or schema', async ({ name }) => {
  await generatedEndpoint(name);

  const { metafile, outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [`.build/endpoints/${name}.ts`],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    metafile: true,
    write: false,
    minify: true,
  });

  expect(Object.keys(metafile.inputs).sort()).toEqual([
    `.build/endpoints/${name}.checks.ts`,
    `.build/endpoints/${name}.ts`,
    'shared/contracts/run-check.ts',
  ]);
  expect(outputFiles[0]?.text.length).toBeLessThan(24 * 1024);
});
