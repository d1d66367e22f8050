import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A function to build. */
export interface FunctionEntry {
  /** Function name, kebab-case; also the name of its folder in the output. */
  readonly name: string;
  /** Path of its source from the project's root, with forward slashes. */
  readonly source: string;
  /** Names of Google's clients that the function may use; `undefined` if no manifest lists them. */
  readonly clients: readonly string[] | undefined;
}

/**
 * Returns every file in `functions/`, under the name that `infra/generated/functions.json` gives it. Without a
 * manifest, names are derived from paths: `functions/compute/instances-list.ts` is `compute-instances-list`. With
 * `only`, returns the functions of these names and ignores the others.
 */
export async function functionEntries(root: string, only?: readonly string[]): Promise<readonly FunctionEntry[]> {
  const sources = await sourcesIn(root);
  const manifest = await manifestEntries(root);
  const all = manifest ?? sources.map((source) => ({ name: derivedName(source), source, clients: undefined }));
  const unknown = only?.filter((name) => !all.some((entry) => entry.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(
      `There is no function ${unknown.join(', ')}. There are: ${all.map(({ name }) => name).join(', ')}.`,
    );
  }
  const unlisted = sources.filter((source) => !all.some((entry) => entry.source === source));
  if (only === undefined && unlisted.length > 0) {
    throw new Error(
      `infra/generated/functions.json does not list ${unlisted.join(', ')}. Write the contract, then run \`npm run generate\`.`,
    );
  }
  const chosen = only === undefined ? all : all.filter(({ name }) => only.includes(name));
  const missing = chosen.map(({ source }) => source).filter((source) => !sources.includes(source));
  if (missing.length > 0)
    throw new Error(`infra/generated/functions.json lists files that do not exist: ${missing.join(', ')}.`);
  return chosen;
}

async function sourcesIn(root: string): Promise<readonly string[]> {
  const files = await readdir(join(root, 'functions'), { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && file.name.endsWith('.ts'))
    .map((file) => join(file.parentPath, file.name).slice(root.length).replaceAll('\\', '/').replace(/^\/+/, ''))
    .sort();
}

function derivedName(source: string): string {
  const [, area = '', ...rest] = source.replace(/\.ts$/, '').split('/');
  return area === 'workers' ? rest.join('-') : [area, ...rest].join('-');
}

async function manifestEntries(root: string): Promise<readonly FunctionEntry[] | undefined> {
  const text = await readFile(join(root, 'infra/generated/functions.json'), 'utf8').catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  });
  if (text === undefined) return undefined;
  const manifest: unknown = JSON.parse(text);
  if (!isObject(manifest) || !Array.isArray(manifest['functions'])) {
    throw new Error('infra/generated/functions.json has no list of functions. Run `npm run generate`.');
  }
  return manifest['functions'].map(entryOf);
}

function entryOf(value: unknown): FunctionEntry {
  if (isObject(value)) {
    const { name, source, clients } = value;
    if (typeof name === 'string' && typeof source === 'string' && Array.isArray(clients)) {
      return { name, source, clients: clients.map(String) };
    }
  }
  throw new Error(
    'An entry of infra/generated/functions.json lacks its name, source or clients. Run `npm run generate`.',
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
