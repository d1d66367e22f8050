import { build, formatMessages, type BuildOptions, type Metafile } from 'esbuild';
import { join, relative } from 'node:path';
import type { FunctionEntry } from './function-entries.ts';
import { googleClientsPlugin } from './google-clients-plugin.ts';
import { referenceScriptPlugin } from './reference-script-plugin.ts';

/** A function's bundle and what it contains. Paths are relative to the project's root. */
export interface Bundle {
  readonly entry: FunctionEntry;
  readonly code: Uint8Array;
  /** Source map, without the sources' text. */
  readonly map: Uint8Array;
  /** Bytes of each source file in the bundle. */
  readonly inputs: Readonly<Record<string, number>>;
}

export interface Bundles {
  readonly bundles: readonly Bundle[];
  /** The imports of each of the project's source files, without type imports. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
}

/**
 * Returns esbuild's options for functions. All entries are built in one run, so that shared sources are parsed once.
 */
export function bundleOptions(
  root: string,
  entries: readonly FunctionEntry[],
  { minify }: { readonly minify: boolean },
) {
  return {
    absWorkingDir: root,
    entryPoints: entries.map(({ name, source }) => ({ in: join(root, source), out: name })),
    outdir: join(root, 'out'),
    write: false,
    bundle: true,
    minify,
    // Libraries compare class names (int64 values are recognised by the name `Long`), and logs show them.
    keepNames: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    // The package `debug` loads supports-color if that is installed, which depends on development tools. Left out, so that
    // every machine builds the same bundles.
    external: ['@google-cloud/functions-framework', 'supports-color'],
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
    // Both are mistakes that otherwise show only when the function runs.
    logOverride: { 'import-is-undefined': 'error', 'empty-import-meta': 'error' },
    plugins: [googleClientsPlugin(), referenceScriptPlugin()],
  } as const satisfies BuildOptions;
}

export async function bundleFunctions(
  root: string,
  entries: readonly FunctionEntry[],
  minify: boolean,
): Promise<Bundles> {
  const options = bundleOptions(root, entries, { minify });
  const { outdir } = options;
  const { outputFiles, metafile, warnings } = await build(options);
  for (const line of await formatMessages(warnings, { kind: 'warning' })) console.warn(line);
  const files = new Map(outputFiles.map(({ path, contents }) => [relative(outdir, path), contents]));
  return {
    bundles: entries.map((entry) => ({
      entry,
      code: fileNamed(files, `${entry.name}.js`),
      map: withoutMachinePaths(fileNamed(files, `${entry.name}.js.map`)),
      inputs: inputsOf(metafile, `out/${entry.name}.js`),
    })),
    imports: ownImports(metafile),
  };
}

function fileNamed(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const contents = files.get(name);
  if (contents === undefined) throw new Error(`esbuild did not write ${name}.`);
  return contents;
}

/** Returns a source map with paths relative to the project's root, so that its bytes are the same on every machine. */
function withoutMachinePaths(map: Uint8Array): Uint8Array {
  const content = JSON.parse(Buffer.from(map).toString()) as { readonly sources: readonly string[] };
  const sources = content.sources.map((path) => fromRoot(path).replace(/^(?:\.\.\/)+/, ''));
  return Buffer.from(JSON.stringify({ ...content, sources }));
}

function inputsOf(metafile: Metafile, output: string): Readonly<Record<string, number>> {
  const inputs = Object.entries(metafile.outputs[output]?.inputs ?? {});
  return sortedRecord(inputs.map(([path, { bytesInOutput }]) => [fromRoot(path), bytesInOutput]));
}

function ownImports(metafile: Metafile): Readonly<Record<string, readonly string[]>> {
  const own = Object.entries(metafile.inputs).filter(([path]) => /^(functions|shared)\//.test(path));
  return sortedRecord(
    own.map(([path, { imports }]) => [
      path,
      imports
        .filter(({ path: to }) => to !== BUNDLER_RUNTIME)
        .map((to) => fromRoot(to.path))
        .sort(),
    ]),
  );
}

/** esbuild's own helpers, which its metafile lists as an import. */
const BUNDLER_RUNTIME = '<runtime>';

function sortedRecord<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries<T>(sorted);
}

/** Removes the path in front of node_modules, which differs between machines. */
function fromRoot(path: string): string {
  return path.replace(/^.*?(?=node_modules\/)/, '');
}
