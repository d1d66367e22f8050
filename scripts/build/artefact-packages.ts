/**
 * The two package files of an artefact, from which Cloud Functions installs. Without functions-framework in
 * `dependencies` Google would add an older major version, and without an empty `gcp-build` it would look for a build
 * script.
 */
const FRAMEWORK = '@google-cloud/functions-framework';

type Json = Readonly<Record<string, unknown>>;

/** Returns the `package.json` of every artefact, with the framework's version from the project's lockfile. */
export function artefactPackage(lockfile: unknown): string {
  return json({
    main: 'index.js',
    dependencies: { [FRAMEWORK]: frameworkVersion(lockedPackages(lockfile)) },
    scripts: { 'gcp-build': '' },
  });
}

/**
 * Returns the `package-lock.json` of every artefact: the project's lockfile, reduced to what functions-framework needs.
 */
export function artefactLock(lockfile: unknown): string {
  const locked = lockedPackages(lockfile);
  const reached = new Map<string, Json>();
  const queue = [`node_modules/${FRAMEWORK}`];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue;
    const entry = locked.get(path);
    if (entry === undefined) throw new Error(`package-lock.json has no ${path}.`);
    reached.set(path, withoutOrigin(entry));
    for (const [kind, name] of dependenciesOf(entry)) {
      const found = locate(locked, path, name);
      if (found !== undefined) queue.push(found);
      else if (kind === 'required') throw new Error(`package-lock.json has no ${name}, which ${path} needs.`);
    }
  }
  const root = { dependencies: { [FRAMEWORK]: frameworkVersion(locked) } };
  const sorted = [...reached].sort(([a], [b]) => (a < b ? -1 : 1));
  return json({ lockfileVersion: 3, requires: true, packages: { '': root, ...Object.fromEntries(sorted) } });
}

function frameworkVersion(locked: ReadonlyMap<string, Json>): string {
  const version = locked.get(`node_modules/${FRAMEWORK}`)?.['version'];
  if (typeof version !== 'string') throw new Error(`package-lock.json has no version of ${FRAMEWORK}.`);
  return version;
}

/** Finds a package as Node.js does: in the dependant's own node_modules first, then in those above it. */
function locate(locked: ReadonlyMap<string, Json>, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (locked.has(path)) return path;
    if (folder === '') return undefined;
  }
}

function dependenciesOf(entry: Json): readonly (readonly ['required' | 'optional', string])[] {
  return [
    ...Object.keys(record(entry['dependencies'])).map((name) => ['required', name] as const),
    ...Object.keys(record(entry['optionalDependencies'])).map((name) => ['optional', name] as const),
  ];
}

/** Removes the download address, which depends on the machine, and the `dev` mark, which is wrong for an artefact. */
function withoutOrigin(entry: Json): Json {
  return Object.fromEntries(
    Object.entries(entry).filter(([key]) => !['resolved', 'dev', 'devOptional', 'peer'].includes(key)),
  );
}

function lockedPackages(lockfile: unknown): ReadonlyMap<string, Json> {
  const packages = record(record(lockfile)['packages']);
  return new Map(Object.entries(packages).map(([path, entry]) => [path, record(entry)]));
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
