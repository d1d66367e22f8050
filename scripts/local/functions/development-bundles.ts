import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { watch, type FSWatcher } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { context, formatMessages, type BuildContext, type Message } from 'esbuild';
import { bundleOptions } from '#scripts/build/bundle-functions.ts';
import { functionEntries, type FunctionEntry } from '#scripts/build/function-entries.ts';

/** Editors write a file several times when saving, so changes this close together count as one. */
const SETTLE_MS = 40;

/** Folders whose files are parts of bundles. */
const SOURCES = ['functions', 'shared'];

export interface DevelopmentBundlesOptions {
  readonly repositoryFolder: string;
  /** Prints a line to the terminal. */
  readonly print: (line: string) => void;
  /** Called with the names of functions that have new bundles. */
  readonly onBuilt: (names: readonly string[]) => Promise<void>;
}

/** A function that was requested: esbuild's build context and the contents of the bundle. */
interface DevelopedFunction {
  readonly name: string;
  readonly context: BuildContext;
  /** Paths of all files in the bundle, from the repository's root. */
  inputs: ReadonlySet<string>;
  /** Hash of the last bundle that was written. */
  hash: string;
}

/**
 * Bundles for development: not minified, with source maps. A function is built at its first request, so no start waits
 * for a build. A saved source rebuilds the functions that contain it; esbuild keeps parsed files, so this costs only
 * the changed ones.
 */
export class DevelopmentBundles {
  readonly folder: string;
  readonly #options: DevelopmentBundlesOptions;
  readonly #functions = new Map<string, Promise<DevelopedFunction>>();
  readonly #saved = new Set<string>();
  #entries: readonly FunctionEntry[] = [];
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #building: Promise<void> = Promise.resolve();

  constructor(options: DevelopmentBundlesOptions) {
    this.#options = options;
    this.folder = join(options.repositoryFolder, '.build', 'development');
  }

  /** Lists the functions and creates the folder for their bundles. */
  async open(): Promise<void> {
    // Without this file, the repository's own package.json would make Node.js treat bundles as ES modules.
    await replaceFile(join(this.folder, 'package.json'), Buffer.from('{"type":"commonjs"}\n'));
    this.#entries = await functionEntries(this.#options.repositoryFolder);
  }

  /** Resolves when the function's bundle exists; build errors are printed to the terminal. */
  async ensure(name: string): Promise<void> {
    const known = this.#functions.get(name) ?? this.#first(name);
    this.#functions.set(name, known);
    await known.catch(async (thrown: unknown) => {
      // The next request builds again: the source may have been corrected by then.
      this.#functions.delete(name);
      this.#options.print(`${name} could not be built. ${await explain(thrown)}`);
    });
  }

  /** Starts building saved sources and reporting the changed functions to `onBuilt`. */
  watch(): void {
    const { repositoryFolder } = this.#options;
    this.#watchers = SOURCES.map((folder) =>
      watch(join(repositoryFolder, folder), { recursive: true }, (_event, file) => {
        if (file?.endsWith('.ts') !== true) return;
        this.#saved.add(`${folder}/${file.replaceAll('\\', '/')}`);
        clearTimeout(this.#timer);
        // One build at a time: of two quick saves the later one must win.
        this.#timer = setTimeout(() => {
          this.#building = this.#building.then(() => this.#buildSaved());
        }, SETTLE_MS);
      }),
    );
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers) watcher.close();
    await this.#building;
    for (const { context } of await this.#built()) await context.dispose();
  }

  async #first(name: string): Promise<DevelopedFunction> {
    const { repositoryFolder: root } = this.#options;
    const entry = this.#entries.find((each) => each.name === name);
    if (entry === undefined) throw new Error(`There is no function ${name}.`);
    const developed = {
      name,
      context: await context({
        ...bundleOptions(root, [entry], { minify: false }),
        entryPoints: [{ in: join(root, entry.source), out: `${name}/index` }],
        outdir: this.folder,
        sourcemap: 'linked',
      }),
      inputs: new Set<string>(),
      hash: '',
    };
    await this.#rebuild(developed);
    return developed;
  }

  async #buildSaved(): Promise<void> {
    const { print, onBuilt } = this.#options;
    const startedMs = performance.now();
    const saved = [...this.#saved];
    this.#saved.clear();
    try {
      const generated = saved.some((path) => path.startsWith('shared/contracts/'));
      if (generated) this.#generate();
      const holding = (await this.#built()).filter(({ inputs }) => generated || saved.some((path) => inputs.has(path)));
      const changed = await Promise.all(holding.map((developed) => this.#rebuild(developed)));
      const names = holding.filter((_, index) => changed[index] === true).map(({ name }) => name);
      if (names.length === 0) return;
      await onBuilt(names);
      const which = names.length <= 3 ? names.join(', ') : `${names.length} functions`;
      print(`Reloaded ${which} (${Math.round(performance.now() - startedMs)} ms).`);
    } catch (thrown) {
      print(`Not reloaded; the functions run as they were. ${await explain(thrown)}`);
    }
  }

  /** Returns the functions that were requested and have a bundle. */
  async #built(): Promise<readonly DevelopedFunction[]> {
    const settled = await Promise.allSettled(this.#functions.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** Generates endpoints in a separate process, because a contract that is loaded in this one does not change. */
  #generate(): void {
    const { repositoryFolder } = this.#options;
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(repositoryFolder, 'scripts', 'generate.ts'), '--ignored-only'],
      { cwd: repositoryFolder, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
  }

  /** Writes the bundle and its map if they differ from the last ones; resolves to whether they do. */
  async #rebuild(developed: DevelopedFunction): Promise<boolean> {
    const { outputFiles = [], metafile } = await developed.context.rebuild();
    developed.inputs = new Set(Object.keys(metafile?.inputs ?? {}));
    const hash = createHash('sha256');
    for (const { contents } of outputFiles) hash.update(contents);
    const digest = hash.digest('hex');
    if (digest === developed.hash) return false;
    await Promise.all(outputFiles.map(({ path, contents }) => replaceFile(path, contents)));
    developed.hash = digest;
    return true;
  }
}

/** Replaces a file in one step: a function that is loaded meanwhile reads either the old or the new file. */
async function replaceFile(path: string, contents: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.next`, contents);
  await rename(`${path}.next`, path);
}

/** Returns esbuild's messages with file and line, or the message of any other error. */
async function explain(thrown: unknown): Promise<string> {
  if (!(thrown instanceof Error)) return String(thrown);
  const errors = 'errors' in thrown && Array.isArray(thrown.errors) ? (thrown.errors as Message[]) : [];
  if (errors.length === 0) return thrown.message.trim();
  return `\n${(await formatMessages(errors, { kind: 'error' })).join('').trimEnd()}`;
}
