import { build } from 'esbuild';
import { globSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { FAULT_METHODS } from '#scripts/emulators/faults.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const LIBRARY = join(REPOSITORY, 'scripts', 'emulators');

const FILES = globSync('**/*.ts', { cwd: LIBRARY })
  .map((file) => join(LIBRARY, file))
  .sort();

/** Packages that the library needs, as listed in its README. */
const PACKAGES = ['@google-cloud/datastore-api', '@google-cloud/pubsub-api', '@grpc/grpc-js', 'protobufjs'];

const FILE_LINES_MAX = 400;
const CLASS_LINES_MAX = 250;

/** Returns all imports of a file, including those of types. */
function importsOf(file: string): readonly string[] {
  return ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles.map(({ fileName }) => fileName);
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

describe('scripts/emulators is a library of its own', () => {
  test('it imports nothing of the project outside, neither code nor types', () => {
    const outside = FILES.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => !isBuiltin(specifier) && !PACKAGES.includes(packageOf(specifier)))
        .map((specifier) => relative(LIBRARY, resolve(dirname(file), specifier)))
        .filter((path) => path.startsWith('..'))
        .map((path) => `${relative(LIBRARY, file)} → ${path}`),
    );

    expect(outside).toEqual([]);
  });

  test('it builds alone', async () => {
    const { metafile } = await build({
      absWorkingDir: LIBRARY,
      entryPoints: FILES,
      outdir: 'unwritten',
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      external: PACKAGES,
      logLevel: 'silent',
    });

    expect(Object.keys(metafile.inputs).filter((input) => input.startsWith('..'))).toEqual([]);
  });

  test('its README lists the packages that it needs', () => {
    const named = new Set(
      FILES.flatMap(importsOf)
        .filter((specifier) => !isBuiltin(specifier) && !specifier.startsWith('.'))
        .map(packageOf),
    );
    // Google's descriptors are files of packages, named in strings.
    for (const file of FILES) {
      for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/'(@google-cloud\/[\w-]+)\//g)) named.add(name);
    }
    const readme = readFileSync(join(LIBRARY, 'README.md'), 'utf8');

    expect([...named].sort()).toEqual(PACKAGES);
    for (const name of PACKAGES) expect(readme).toContain(`\`${name}\``);
  });

  test.each(['datastore', 'pubsub'] as const)(
    'the README of %s says what it speaks, refuses, limits and leaves out',
    (folder) => {
      const readme = readFileSync(join(LIBRARY, folder, 'README.md'), 'utf8');

      for (const heading of ['## What it speaks', '## What it refuses', '## Limits', '## What it leaves out']) {
        expect(readme).toContain(heading);
      }
      for (const [method, kinds] of Object.entries(FAULT_METHODS[folder])) {
        for (const kind of kinds) expect(readme, `${kind} of ${method}`).toContain(`\`${kind}\``);
      }
    },
  );
});

describe('its files stay readable', () => {
  test(`none has more than ${FILE_LINES_MAX} lines`, () => {
    const long = FILES.filter((file) => readFileSync(file, 'utf8').trimEnd().split('\n').length > FILE_LINES_MAX);

    expect(long.map((file) => relative(LIBRARY, file))).toEqual([]);
  });

  test(`no class has more than ${CLASS_LINES_MAX} lines`, () => {
    const long = FILES.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^(?:export )?(?:abstract )?class (\w+)[\s\S]*?^\}/gm)]
        .filter(([text]) => text.split('\n').length > CLASS_LINES_MAX)
        .map(([, name = '']) => `${relative(LIBRARY, file)}: ${name}`),
    );

    expect(long).toEqual([]);
  });
});
