import { createClient } from '@hey-api/openapi-ts';
import { build } from 'esbuild';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import openapiTypes, { astToString } from 'openapi-typescript';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';

/*
 * Uses the OpenAPI documents as users do: generators write clients, the compiler accepts them together with programs
 * that use them (test/clients), and the programs run on the local cloud.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOCUMENTS = join(ROOT, 'infra/generated/openapi');
const NAMES = ['compute', 'resource', 'fleet', 'admin'];
const COMPILER: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  types: [],
};

const cloud = sharedLocalCloud({ args: ['--boot-seconds', '0.1', '--stop-seconds', '0.1'] });
let folder = '';

beforeAll(async () => {
  // Inside the project, so that its packages are found.
  await mkdir(join(ROOT, '.build'), { recursive: true });
  folder = await mkdtemp(join(ROOT, '.build', 'clients-'));
  await cp(join(ROOT, 'test/clients'), folder, { recursive: true });
  const generated = join(folder, 'generated');
  await mkdir(generated);
  for (const name of NAMES) {
    const document = join(DOCUMENTS, `${name}.json`);
    await createClient({
      input: document,
      output: { path: join(generated, `hey-${name}`) },
      plugins: ['@hey-api/client-fetch', '@hey-api/typescript', '@hey-api/sdk'],
      logs: { level: 'silent', file: false },
    });
    await writeFile(join(generated, `${name}.ts`), astToString(await openapiTypes(pathToFileURL(document))));
  }
});

afterAll(() => rm(folder, { recursive: true }));

test('the clients of all documents compile, with programs that use their types', () => {
  const files = [
    ...['openapi-fetch-life.ts', 'hey-api-life.ts'].map((name) => join(folder, name)),
    ...NAMES.flatMap((name) => [join(folder, `generated/${name}.ts`), join(folder, `generated/hey-${name}/index.ts`)]),
  ];
  const problems = ts.getPreEmitDiagnostics(ts.createProgram(files, COMPILER));

  expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
});

test.each(['openapi-fetch', 'hey-api'])('a machine lives a whole life through the client of %s', async (name) => {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(folder, `${name}-life.ts`)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
  });
  const program = (await import(pathToFileURL(outfile).href)) as {
    readonly live: (baseUrl: string, token: string) => Promise<readonly string[]>;
  };

  const seen = await program.live(cloud().baseUrl, cloud().connection.principals.alice.token);

  expect(seen).toEqual([
    'refused template_not_found',
    'create completed',
    'read RUNNING',
    'listed 1',
    'stop completed',
    'start completed',
    'update completed',
    'labels {"env":"production"}',
    'deleted 204',
    'gone instance_not_found',
  ]);
});
