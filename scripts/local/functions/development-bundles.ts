import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { watch, type FSWatcher } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { context, formatMessages, type BuildContext, type Message } from 'esbuild';
import { bundleOptions } from '#scripts/build/bundle-functions.ts';
import { functionEntries, type FunctionEntry } from '#scripts/build/function-entries.ts';

/** An editor that saves writes a file several times; changes this close together are one. */
const SETTLE_MS = 40;

/** Folders whose files end up in a bundle. */
const SOURCES = ['functions', 'shared'];

export interface DevelopmentBundlesOptions {
  readonly repositoryFolder: string;
  /** Shows a line in the terminal. */
  readonly print: (line: string) => void;
  /** These functions have new bundles. */
  readonly onBuilt: (names: readonly string[]) => Promise<void>;
}

/** A function that was asked for: esbuild's memory of it, and what it is made of. */
interface DevelopedFunction {
  readonly name: string;
  readonly context: BuildContext;
  /** Paths from the repository's root of all that is in the bundle. */
  inputs: ReadonlySet<string>;
  /** Of the last bundle that was written. */
  hash: string;
}

/**
 * Bundles for people who change the code: not minified, with source maps. A function is built when it is first asked for,
 * so a start waits for none of them. A saved source is built into those functions that hold it; esbuild keeps what it
 * parsed, so that costs only the files that changed.
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

  /** Reads which functions there are, and makes the folder for their bundles. */
  async open(): Promise<void> {
    // The repository's own package.json would make modules of the bundles.
    await replaceFile(join(this.folder, 'package.json'), Buffer.from('{"type":"commonjs"}\n'));
    this.#entries = await functionEntries(this.#options.repositoryFolder);
  }

  /** Resolves when the bundle of this function is there; what is wrong with a source is shown in the terminal. */
  async ensure(name: string): Promise<void> {
    const known = this.#functions.get(name) ?? this.#first(name);
    this.#functions.set(name, known);
    await known.catch(async (thrown: unknown) => {
      // The next request tries again: the source may be right by then.
      this.#functions.delete(name);
      this.#options.print(`${name} could not be built. ${await explain(thrown)}`);
    });
  }

  /** From now on a saved source is built, and `onBuilt` is told which functions it changed. */
  watch(): void {
    const { repositoryFolder } = this.#options;
    this.#watchers = SOURCES.map((folder) =>
      watch(join(repositoryFolder, folder), { recursive: true }, (_event, file) => {
        if (file?.endsWith('.ts') !== true) return;
        this.#saved.add(`${folder}/${file.replaceAll('\\', '/')}`);
        clearTimeout(this.#timer);
        // One build after the other: two saves in a row must not end in the older one.
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

  /** The functions that were asked for and have a bundle. */
  async #built(): Promise<readonly DevelopedFunction[]> {
    const settled = await Promise.allSettled(this.#functions.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** Endpoints are generated from contracts by a process of its own, since a loaded contract does not change. */
  #generate(): void {
    const { repositoryFolder } = this.#options;
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(repositoryFolder, 'scripts', 'generate.ts'), '--ignored-only'],
      { cwd: repositoryFolder, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
  }

  /** Writes the bundle and its map if the sources make another one than before; resolves to whether they do. */
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

/** A function that is loaded meanwhile sees the old file or the new one. */
async function replaceFile(path: string, contents: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.next`, contents);
  await rename(`${path}.next`, path);
}

/** esbuild's own view of what is wrong, with file and line; the message of anything else. */
async function explain(thrown: unknown): Promise<string> {
  if (!(thrown instanceof Error)) return String(thrown);
  const errors = 'errors' in thrown && Array.isArray(thrown.errors) ? (thrown.errors as Message[]) : [];
  if (errors.length === 0) return thrown.message.trim();
  return `\n${(await formatMessages(errors, { kind: 'error' })).join('').trimEnd()}`;
}
