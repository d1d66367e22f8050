import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunctions, type Bundle } from '#scripts/build/bundle-functions.ts';
import { functionEntries } from '#scripts/build/function-entries.ts';
import { functionEnvironment } from '#scripts/local/functions/function-environment.ts';
import { BenchCloud } from '#test/bench/bench-cloud-process.ts';
import { deployedFunctions, FirstRequests, sizeFor, type DeployedFunction } from '#test/bench/first-requests.ts';
import { entryPointOf } from '#shared/runtime/entry-point.ts';
import { packageOf } from './bundle-rules.ts';
import { firstAnswer } from './running-function.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Maximum number of modules that have run once the first request is answered, for one function per set of clients. A change that
 * needs more raises the figure and explains it in the commit, because each module is a part of the cold start.
 */
const BUDGET: Readonly<Record<string, number>> = {
  'compute-fallback': 49,
  'compute-instances-list': 420,
  'compute-instances-stop': 425,
  'compute-instances-get': 449,
  'compute-instances-create': 473,
};
const NAMES = Object.keys(BUDGET);

/** Describes an exceeded budget, with the packages of the loaded modules, most modules first. */
function overBudget(name: string, loaded: readonly string[], budget: number): readonly string[] {
  if (loaded.length <= budget) return [];
  const counts = new Map<string, number>();
  for (const path of loaded) counts.set(packageOf(path), (counts.get(packageOf(path)) ?? 0) + 1);
  const byPackage = [...counts].sort(([, a], [, b]) => b - a).map(([owner, count]) => `${owner} ${count}`);
  return [`${name} loads ${loaded.length} modules, budget ${budget} (${byPackage.join(', ')})`];
}

/** How esbuild wraps a module that may be loaded later or never: under its path. */
const WRAPPED = /^(var \w+ = __(?:commonJS|esm)\(\{\n\s*"([^"]+)"\([^)]*\) \{)/gm;

/** Returns the bundle, changed so that each wrapped module writes its path to a file when it runs. */
function telling(bundle: Bundle, file: string): { readonly code: string; readonly wrapped: ReadonlySet<string> } {
  const wrapped = new Set<string>();
  const code = Buffer.from(bundle.code)
    .toString()
    .replaceAll(WRAPPED, (_, head: string, path: string) => {
      wrapped.add(path);
      return `${head} tellLoaded(${JSON.stringify(path)});`;
    });
  const tell = `const tellLoaded = (path) => require('node:fs').appendFileSync(${JSON.stringify(file)}, path + '\\n');`;
  return { code: `${tell}\n${code}`, wrapped };
}

describe('up to its first answer', () => {
  const bundles = new Map<string, Bundle>();
  let cloud: BenchCloud;
  let functions: readonly DeployedFunction[];
  let requests: FirstRequests;
  let folder: string;

  beforeAll(async () => {
    functions = (await deployedFunctions(ROOT)).filter(({ name }) => NAMES.includes(name));
    const made = await bundleFunctions(ROOT.replace(/\/$/, ''), await functionEntries(ROOT, NAMES), false);
    for (const bundle of made.bundles) bundles.set(bundle.entry.name, bundle);
    cloud = await BenchCloud.start(sizeFor(functions, 1));
    requests = new FirstRequests(cloud.ready);
    await mkdir(join(ROOT, '.build'), { recursive: true });
    // Inside the project, so that functions-framework is found in node_modules.
    folder = await mkdtemp(join(ROOT, '.build/loaded-'));
  });

  afterAll(async () => {
    cloud.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function loadedBy(name: string): Promise<readonly string[]> {
    const [bundle, deployed] = [bundles.get(name), functions.find((entry) => entry.name === name)];
    if (bundle === undefined || deployed === undefined) throw new Error(`There is no function ${name}.`);
    const source = join(folder, name);
    const file = join(source, 'loaded.txt');
    const { code, wrapped } = telling(bundle, file);
    await mkdir(source);
    await writeFile(join(source, 'package.json'), '{"main":"index.js"}\n');
    await writeFile(join(source, 'index.js'), code);
    const { emulators } = cloud.ready;
    const environment = functionEnvironment({ emulators, repositoryFolder: ROOT, given: { LOG_LEVEL: 'error' } });
    const { status } = await firstAnswer({
      target: entryPointOf(name),
      source,
      environment,
      request: requests.next(deployed),
    });
    expect(status).toBeLessThan(name.endsWith('-fallback') ? 405 : 300);
    const run = new Set((await readFile(file, 'utf8').catch(() => '')).split('\n'));
    return Object.entries(bundle.inputs)
      .filter(([path, bytes]) => bytes > 0 && (!wrapped.has(path) || run.has(path)))
      .map(([path]) => path);
  }

  it.each(Object.entries(BUDGET))('%s has loaded at most %i modules', async (name, budget) => {
    const loaded = await loadedBy(name);

    expect(loaded.length).toBeGreaterThan(10);
    expect(overBudget(name, loaded, budget)).toEqual([]);
  });
});

describe('a module over the budget', () => {
  it('is named by its package', () => {
    const loaded = ['shared/a.ts', 'node_modules/pino/b.js', 'node_modules/pino/c.js'];

    expect(overBudget('f', loaded, 2)).toEqual(['f loads 3 modules, budget 2 (pino 2, shared 1)']);
    expect(overBudget('f', loaded, 3)).toEqual([]);
  });
});
