import { randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { artefactLock, artefactPackage } from '#scripts/build/artefact-packages.ts';
import type { Bundle, Bundles } from '#scripts/build/bundle-functions.ts';
import { BUNDLE, CACHE, isCacheAccepted, LOADER, MAP, writeCaches } from '#scripts/build/compile-cache.ts';
import { functionEntries } from '#scripts/build/function-entries.ts';
import { sourceStamp } from '#scripts/build/source-stamp.ts';

/** The project's root; callers may pass another one. */
const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');

export interface BuildOptions {
  /** Project to build. */
  readonly root?: string;
  /** Output folder; `.build` in the root by default. */
  readonly out?: string;
  /** Names of the functions to build; all by default. */
  readonly only?: readonly string[];
  readonly minify?: boolean;
  /** Also looks whether Node.js takes the code cache of each function that is up to date, and writes those anew that it rejects. */
  readonly renewCaches?: boolean;
}

export interface BuildReport {
  /** Folder of each function, ready to run. */
  readonly folders: Readonly<Record<string, string>>;
  /** Size of each bundle that was written, in bytes; empty if everything was up to date. */
  readonly bytes: Readonly<Record<string, number>>;
  readonly milliseconds: number;
}

/** Content of `meta.json`: the sources that each bundle contains. Tests read it. */
export interface BuildMeta {
  readonly functions: Readonly<
    Record<
      string,
      {
        readonly source: string;
        readonly clients: readonly string[] | null;
        readonly bytes: number;
        /** Bytes of each source in the bundle; paths are relative to the project's root. */
        readonly inputs: Readonly<Record<string, number>>;
      }
    >
  >;
  readonly imports: Bundles['imports'];
}

/**
 * Builds one artefact per function in `<out>/functions/<name>/`: index.js, which runs bundle.js with V8's compiled code
 * from bundle.cache, the source map, package.json and package-lock.json. Writes nothing if nothing changed since the
 * last full build. Rejects if a source does not build.
 */
export async function build(options: BuildOptions = {}): Promise<BuildReport> {
  const started = performance.now();
  const { root, out, only, minify } = settled(options);
  const stamp = await sourceStamp(root, settingsOf(minify));
  const entries = await functionEntries(root, only);
  const folders = Object.fromEntries(entries.map(({ name }) => [name, join(out, 'functions', name)]));
  if (await holds(out, stamp, Object.values(folders))) {
    if (options.renewCaches === true) await renewCaches(Object.values(folders));
    return { folders, bytes: {}, milliseconds: performance.now() - started };
  }
  // Imported only when needed: loading the bundler takes longer than finding out that nothing changed.
  const { bundleFunctions } = await import('#scripts/build/bundle-functions.ts');
  const built = await bundleFunctions(root, entries, minify);
  const lockfile: unknown = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  // An interrupted build must not leave a stamp of files that were not written, and a partial build must leave none at
  // all.
  await rm(join(out, 'stamp'), { force: true });
  const written = await Promise.all(built.bundles.map((bundle) => writeArtefact(out, bundle, lockfile)));
  await writeCaches(written.filter((folder) => !isCacheAccepted(folder)));
  if (only === undefined) {
    await removeOthers(join(out, 'functions'), Object.keys(folders));
    await replaceFile(join(out, 'meta.json'), `${JSON.stringify(metaOf(built), undefined, 1)}\n`);
    await replaceFile(join(out, 'stamp'), `${stamp}\n`);
  }
  const bytes = Object.fromEntries(built.bundles.map(({ entry, code }) => [entry.name, code.length]));
  return { folders, bytes, milliseconds: performance.now() - started };
}

async function renewCaches(folders: readonly string[]): Promise<void> {
  await writeCaches(folders.filter((folder) => !isCacheAccepted(folder)));
}

/** Whether the last full build is still what `build` would write. */
export async function isUpToDate(options: Omit<BuildOptions, 'only'> = {}): Promise<boolean> {
  const { root, out, minify } = settled(options);
  const stamp = await sourceStamp(root, settingsOf(minify));
  return holds(
    out,
    stamp,
    (await functionEntries(root)).map(({ name }) => join(out, 'functions', name)),
  );
}

function settled({ root = ROOT, out, only, minify = true }: BuildOptions) {
  return { root, out: resolve(out ?? join(root, '.build')), only, minify };
}

function settingsOf(minify: boolean): string {
  return JSON.stringify({ minify });
}

/** Whether the last full build had this stamp, and none of its folders was removed since. */
async function holds(out: string, stamp: string, folders: readonly string[]): Promise<boolean> {
  try {
    if ((await readFile(join(out, 'stamp'), 'utf8')).trim() !== stamp) return false;
    await Promise.all(folders.map((folder) => access(join(folder, CACHE))));
    return true;
  } catch {
    // A missing file only means that a build is needed.
    return false;
  }
}

/** Writes everything but the cache, and keeps a cache that belongs to this very bundle. Returns the folder. */
async function writeArtefact(out: string, { entry, code, map }: Bundle, lockfile: unknown): Promise<string> {
  const folder = join(out, 'functions', entry.name);
  await mkdir(folder, { recursive: true });
  const before = await readFile(join(folder, BUNDLE)).catch(() => undefined);
  if (before?.equals(code) !== true) {
    // V8 checks only the length of a source, so an outdated cache has to be removed before the bundle is replaced.
    await rm(join(folder, CACHE), { force: true });
    await replaceFile(join(folder, BUNDLE), code);
  }
  await replaceFile(join(folder, 'index.js'), LOADER);
  await replaceFile(join(folder, 'package.json'), artefactPackage(lockfile));
  await replaceFile(join(folder, 'package-lock.json'), artefactLock(lockfile));
  await replaceFile(join(folder, MAP), map);
  return folder;
}

/**
 * Replaces a file in one step: a function that starts meanwhile, or a second build, reads either the old or the new
 * content.
 */
async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const next = `${path}.${process.pid}-${randomUUID()}`;
  await writeFile(next, content);
  await rename(next, path);
}

/** Removes folders of functions that no longer exist, so that they cannot be deployed by accident. */
async function removeOthers(folder: string, names: readonly string[]): Promise<void> {
  const stale = (await readdir(folder)).filter((name) => !names.includes(name));
  await Promise.all(stale.map((name) => rm(join(folder, name), { recursive: true })));
}

function metaOf({ bundles, imports }: Bundles): BuildMeta {
  const functions = bundles.map(({ entry, code, inputs }) => {
    const { name, source, clients } = entry;
    return [name, { source, clients: clients ?? null, bytes: code.length, inputs }] as const;
  });
  return { functions: Object.fromEntries(functions), imports };
}

async function main(): Promise<void> {
  const { Command } = await import('commander');
  const command = new Command('build')
    .description('Bundles every function into one file each, ready to deploy or to run locally.')
    .option('--only <name...>', 'build these functions and leave the others as they are')
    .option('--out <folder>', 'where to write', join(ROOT, '.build'))
    .option('--no-minify', 'keep names and line breaks, for reading')
    .option('--renew-caches', 'write code caches anew that this Node.js rejects, also when nothing changed', false)
    .option('--sizes', 'list the size of each bundle', false)
    .parse();
  const { sizes, ...options } = command.opts<BuildOptions & { readonly out: string; readonly sizes: boolean }>();
  console.log('Building the functions …');
  const { folders, bytes, milliseconds } = await build(options);
  const names = Object.keys(bytes);
  if (names.length === 0) {
    console.log(`${Object.keys(folders).length} functions are up to date (${Math.round(milliseconds)} ms).`);
    return;
  }
  if (sizes) {
    for (const name of names)
      console.log(`${name.padEnd(40)}${((bytes[name] ?? 0) / 1024).toFixed(0).padStart(6)} KiB`);
  }
  console.log(`Built ${names.length} functions in ${(milliseconds / 1000).toFixed(1)} s.`);
}

if (import.meta.main) await main();
