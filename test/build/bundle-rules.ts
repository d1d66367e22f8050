import type { BuildMeta } from '#scripts/build.ts';

/** Libraries that only adapters may import. */
const GOOGLE_LIBRARIES =
  /^(google-client:|node_modules\/(@google-cloud\/(?!functions-framework)|@grpc\/|google-gax\/|google-auth-library\/))/;

/**
 * Digests and ciphers need no I/O and no clock, so this module is allowed everywhere; randomness is still passed in.
 */
const CRYPTO = 'node:crypto';

const ADAPTERS = ['datastore', 'gce', 'pubsub'];

/** Layers by height: a source may import from its own layer or lower ones. */
const LAYERS: Readonly<Record<string, number>> = {
  domain: 0,
  concurrency: 0,
  contracts: 1,
  datastore: 1,
  gce: 1,
  pubsub: 1,
  pagination: 2,
  http: 2,
  auth: 2,
  lifecycle: 3,
  accounts: 4,
  actions: 4,
  workers: 4,
  families: 5,
  pages: 5,
  runtime: 5,
  functions: 6,
};

/** Packages that no bundle may contain, with the reason. */
const FORBIDDEN: readonly (readonly [packageName: string, because: string])[] = [
  ['ajv', 'validators are compiled when contracts are generated'],
  ['ajv-formats', 'validators are compiled when contracts are generated'],
  ['typebox', 'schemas are for generating only'],
  ['@sinclair/typebox', 'schemas are for generating only'],
  ['@google-cloud/datastore', 'the generated client of datastore-api is enough'],
  ['@google-cloud/pubsub', 'the generated client of pubsub-api is enough'],
];

/** Returns every import that violates the layers, as a sentence. */
export function importViolations({ imports }: Pick<BuildMeta, 'imports'>): readonly string[] {
  return Object.entries(imports).flatMap(([from, targets]) =>
    targets.flatMap((to) => {
      const reason = wrongImport(from, to);
      return reason === undefined ? [] : [`${from} imports ${to}: ${reason}`];
    }),
  );
}

function wrongImport(from: string, to: string): string | undefined {
  const [area, layer] = placeOf(from);
  if (layer === undefined) return `${area} has no place in the layers`;
  if (GOOGLE_LIBRARIES.test(to)) return ADAPTERS.includes(area) ? undefined : "only adapters know Google's clients";
  if (!/^(functions|shared)\//.test(to)) {
    return area === 'domain' && to !== CRYPTO ? 'the domain imports nothing' : undefined;
  }
  const [targetArea, targetLayer] = placeOf(to);
  if (targetLayer === undefined) return `${targetArea} has no place in the layers`;
  if (targetLayer > layer) return `${area} lies below ${targetArea}`;
  if (targetArea === 'functions') return 'functions do not know each other';
  const [family, targetFamily] = [familyOf(from), familyOf(to)];
  if (family !== undefined && targetFamily !== undefined && family !== targetFamily) {
    return 'families do not know each other';
  }
  return undefined;
}

function placeOf(path: string): readonly [area: string, layer: number | undefined] {
  const [top = '', second = ''] = path.split('/');
  const area = top === 'shared' ? second : top;
  return [area, LAYERS[area]];
}

/** Returns the folder below `shared/families`; `undefined` for files that all families share. */
function familyOf(path: string): string | undefined {
  return /^shared\/families\/([^/]+)\//.exec(path)?.[1];
}

/** Returns every bundle with forbidden content, as a sentence. */
export function contentViolations({ functions }: Pick<BuildMeta, 'functions'>): readonly string[] {
  return Object.entries(functions).flatMap(([name, { clients, inputs }]) => {
    const packages = new Set(Object.keys(inputs).map(packageOf));
    const forbidden = FORBIDDEN.filter(([packageName]) => packages.has(packageName)).map(
      ([packageName, because]) => `${name} holds ${packageName}: ${because}`,
    );
    const undeclared = CLIENT_PACKAGES.filter(
      ([client, packageName]) => packages.has(packageName) && !(clients ?? []).includes(client),
    ).map(([client]) => `${name} holds the ${client} client, which its contract does not declare`);
    const texts = Object.keys(inputs).some((path) => path.startsWith(REASON_TEXTS)) && name !== 'docs-pages';
    return [...forbidden, ...undeclared, ...(texts ? [`${name} holds the texts of the reasons`] : [])];
  });
}

/** The list of reasons with texts for people, which only the documentation may contain. */
const REASON_TEXTS = 'shared/domain/reasons';

const CLIENT_PACKAGES = [
  ['datastore', '@google-cloud/datastore-api'],
  ['pubsub', '@google-cloud/pubsub-api'],
  ['compute', '@google-cloud/compute'],
] as const;

/**
 * Returns the package that a source belongs to; `functions` or `shared` for the project's own, with generated checks
 * counted as `shared`.
 */
export function packageOf(input: string): string {
  if (input.startsWith('.build/endpoints/')) return 'shared';
  if (input === REFERENCE_SCRIPT) return 'reference-script';
  const below = input.split('node_modules/').at(-1) ?? '';
  if (!input.includes('node_modules/')) return below.split('/')[0] ?? '';
  return below
    .split('/')
    .slice(0, below.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The placeholder for the API reference's program, which is not this project's code. */
const REFERENCE_SCRIPT = 'shared/pages/reference-script.ts';

export interface Budget {
  /** KiB that each package may take in any one bundle; packages that are not listed must not be present. */
  readonly packages: Readonly<Record<string, number>>;
  /** KiB and modules that a whole bundle may have, by its clients (`datastore+pubsub`; `none`). */
  readonly bundles: Readonly<Record<string, { readonly kib: number; readonly modules: number }>>;
  /** Separate budgets of functions that contain something of their own. */
  readonly functions?: Readonly<Record<string, { readonly kib: number; readonly modules: number }>>;
}

/** Returns everything that exceeds its budget, as a sentence that names it. */
export function budgetViolations({ functions }: Pick<BuildMeta, 'functions'>, budget: Budget): readonly string[] {
  return Object.entries(functions).flatMap(([name, { bytes, inputs }]) => {
    const sizes = sizesByPackage(inputs);
    const grown = [...sizes].flatMap(([packageName, size]) => {
      const allowed = budget.packages[packageName];
      if (allowed === undefined) return [`${name}: ${packageName} is new (${kib(size)} KiB)`];
      return size > allowed * 1024 ? [`${name}: ${packageName} grew to ${kib(size)} KiB, budget ${allowed}`] : [];
    });
    const held = CLIENT_PACKAGES.filter(([, packageName]) => sizes.has(packageName)).map(([client]) => client);
    const allowed = budget.functions?.[name] ?? budget.bundles[held.join('+') || 'none'];
    const modules = Object.keys(inputs).length;
    if (allowed === undefined) return [...grown, `${name}: there is no budget for bundles with ${held.join('+')}`];
    return [
      ...grown,
      ...(bytes > allowed.kib * 1024 ? [`${name}: the bundle grew to ${kib(bytes)} KiB, budget ${allowed.kib}`] : []),
      ...(modules > allowed.modules
        ? [`${name}: the bundle grew to ${modules} modules, budget ${allowed.modules}`]
        : []),
    ];
  });
}

export function sizesByPackage(inputs: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const [path, size] of Object.entries(inputs)) {
    const name = packageOf(path);
    if (size > 0 && !name.startsWith('google-client:')) sizes.set(name, (sizes.get(name) ?? 0) + size);
  }
  return sizes;
}

function kib(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
