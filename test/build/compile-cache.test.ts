import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { build } from '#scripts/build.ts';
import { CACHE, isCacheAccepted } from '#scripts/build/compile-cache.ts';
import { fixtureProject, type Sources } from './fixture-project.ts';
import { firstAnswer } from './running-function.ts';

const SOURCE_MAPPED_STACK = readFileSync(
  fileURLToPath(new URL('../../shared/runtime/source-mapped-stack.ts', import.meta.url)),
  'utf8',
);

/** Returns sources with a text of their own, because V8 remembers what it has compiled in this process. */
function saying(text: string): Sources {
  return {
    'shared/text.ts': `export const text = '${text}';`,
    'shared/source-mapped-stack.ts': SOURCE_MAPPED_STACK,
    'functions/compute/says.ts': `
      import { http } from '@google-cloud/functions-framework';
      import { text } from '../../shared/text.ts';
      import { sourceMappedStack } from '../../shared/source-mapped-stack.ts';
      const codeCache = () => Reflect.get(globalThis, Symbol.for('compute-api.code-cache'));
      http('compute-says', (_request, response) => {
        const at = new Error('x').stack;
        response.json({ text, at, mapped: sourceMappedStack(at ?? ''), codeCache: codeCache() });
      });
    `,
  };
}

async function builtFixture(sources: Sources) {
  const root = await fixtureProject(sources);
  await build({ root });
  return { root, source: join(root, '.build/functions/compute-says') };
}

const ask = async (source: string, environment = {}) => {
  const { body } = await firstAnswer({ target: 'compute-says', source, environment });
  return JSON.parse(body) as {
    readonly text: string;
    readonly at: string;
    readonly mapped: string;
    readonly codeCache: string;
  };
};

describe('the compile cache of an artefact', () => {
  it('is taken by the Node.js that the project pins', async () => {
    const { source } = await builtFixture(saying('taken'));

    expect(isCacheAccepted(source)).toBe(true);
    expect(await ask(source)).toMatchObject({ text: 'taken', codeCache: 'accepted' });
  });

  it('is taken with the memory limit that Cloud Run functions set', async () => {
    const { source } = await builtFixture(saying('limited'));
    const check = `import { isCacheAccepted } from ${JSON.stringify(join(import.meta.dirname, '../../scripts/build/compile-cache.ts'))};
      import { http } from '@google-cloud/functions-framework';
      http('compute-says', (_request, response) => { response.json({ text: String(isCacheAccepted(${JSON.stringify(source)})) }); });`;
    await writeFile(join(source, '../check.mjs'), check);
    await writeFile(join(source, '../package.json'), '{"main":"check.mjs","type":"module"}');

    const { text } = await ask(join(source, '..'), { NODE_OPTIONS: '--max-old-space-size=192' });

    expect(text).toBe('true');
  });

  it.each([
    ['is missing', 'absent', (file: string) => rm(file)],
    ['is of another V8', 'rejected', async (file: string) => writeFile(file, flipped(await readFile(file), 4))],
    ['is broken', 'rejected', async (file: string) => writeFile(file, (await readFile(file)).subarray(0, 1000))],
  ])('leaves the function as it is when it %s, which the process knows as %s', async (harmed, codeCache, harm) => {
    const { source } = await builtFixture(saying(harmed));

    await harm(join(source, CACHE));

    expect(isCacheAccepted(source)).toBe(false);
    expect(await ask(source)).toMatchObject({ text: harmed, codeCache });
  });

  it('that V8 rejects is written anew by a build that is asked to, though no source has changed', async () => {
    const { root, source } = await builtFixture(saying('renewed'));
    await writeFile(join(source, CACHE), flipped(await readFile(join(source, CACHE)), 4));

    await build({ root });
    expect(isCacheAccepted(source)).toBe(false);
    await build({ root, renewCaches: true });

    expect(isCacheAccepted(source)).toBe(true);
    expect(await ask(source)).toMatchObject({ text: 'renewed', codeCache: 'accepted' });
  });

  it('never outlives its bundle, though V8 would take it for any source of that length', async () => {
    const { root, source } = await builtFixture(saying('one'));

    await writeFile(join(root, 'shared/text.ts'), saying('two')['shared/text.ts'] ?? '');
    await build({ root });

    expect(isCacheAccepted(source)).toBe(true);
    expect((await ask(source)).text).toBe('two');
  });

  it('leaves lines of the bundle where its map has them', async () => {
    const { source } = await builtFixture(saying('mapped'));
    const lines = (await readFile(join(source, 'bundle.js'), 'utf8')).split('\n');

    const [, line = ''] = /bundle\.js:(\d+):/.exec((await ask(source)).at) ?? [];

    expect(lines[Number(line) - 1]).toContain('compute-says');
  });

  it('has a map beside it, by which the stack of an error names the line of its source', async () => {
    const { root, source } = await builtFixture(saying('traced'));
    const sourceLines = (await readFile(join(root, 'functions/compute/says.ts'), 'utf8')).split('\n');

    const [, line = ''] = /functions\/compute\/says\.ts:(\d+):\d+/.exec((await ask(source)).mapped) ?? [];

    expect(sourceLines[Number(line) - 1]).toContain("new Error('x')");
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  return bytes;
}
