import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CONTRACTS, FALLBACKS, PAGES, TOPICS, WORKERS } from '#shared/contracts/index.ts';
import { checksSource, endpointSource, fallbackSource } from './endpoint-source.ts';
import { functionManifest } from './function-manifest.ts';
import { gatewayDocument } from './gateway-document.ts';
import { datastoreLists, permissionLists } from './infra-lists.ts';
import { publicDocuments } from './public-documents.ts';
import { rowVersions } from './row-versions.ts';

const GENERATED = '.build/endpoints';
/** Version of the API documents: it changes with the interface, not with each release. */
const INTERFACE_VERSION = '1.0.0';

/** Returns every generated file, by its path from the repository's root. */
export function outputs(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const contract of CONTRACTS) {
    files.set(`${GENERATED}/${contract.name}.ts`, endpointSource(contract));
    files.set(`${GENERATED}/${contract.name}.checks.ts`, checksSource(contract));
  }
  for (const fallback of [...FALLBACKS, ...PAGES])
    files.set(`${GENERATED}/${fallback.name}.ts`, fallbackSource(fallback, CONTRACTS));
  const manifest = functionManifest({
    contracts: CONTRACTS,
    fallbacks: FALLBACKS,
    pages: PAGES,
    workers: WORKERS,
    topics: TOPICS,
  });
  files.set('infra/generated/functions.json', json(manifest));
  for (const [path, document] of publicDocuments(CONTRACTS, INTERFACE_VERSION))
    files.set(`infra/generated/${path}`, json(document));
  files.set(
    'infra/generated/openapi/gateway.json',
    json(gatewayDocument({ contracts: CONTRACTS, fallbacks: FALLBACKS, pages: PAGES }, INTERFACE_VERSION)),
  );
  files.set('infra/generated/datastore.json', json(datastoreLists()));
  files.set('infra/generated/permissions.json', json(permissionLists()));
  files.set('infra/generated/row-versions.md', rowVersions());
  return files;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * Returns the paths of generated files that differ from what would be generated, are missing or should not exist;
 * relative to `root`, sorted.
 */
export async function drift(root: string): Promise<readonly string[]> {
  const expected = outputs();
  const changed: string[] = [];
  for (const [path, content] of expected) {
    if ((await contentOf(join(root, path))) !== content) changed.push(path);
  }
  return [...changed, ...(await leftOver(root, expected))].sort();
}

/**
 * Writes files that differ and removes those no longer generated. Returns the paths of both, relative to `root`,
 * sorted.
 */
export async function writeOutputs(
  root: string,
  { ignoredOnly = false }: { readonly ignoredOnly?: boolean } = {},
): Promise<readonly string[]> {
  const expected = outputs();
  const changed = (await drift(root)).filter((path) => !ignoredOnly || path.startsWith(`${GENERATED}/`));
  for (const path of changed) {
    const file = join(root, path);
    const content = expected.get(path);
    if (content === undefined) {
      await rm(file, { force: true });
    } else {
      await mkdir(dirname(file), { recursive: true });
      // A rename is atomic: an import that runs meanwhile reads either the old or the new file.
      const unfinished = `${file}.${process.pid}.tmp`;
      await writeFile(unfinished, content);
      await rename(unfinished, file);
    }
  }
  return changed;
}

async function leftOver(root: string, expected: ReadonlyMap<string, string>): Promise<string[]> {
  const names = await readdir(join(root, GENERATED)).catch(() => []);
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${GENERATED}/${name}`)
    .filter((path) => !expected.has(path));
}

/** Returns the content of a file; `undefined` if it does not exist. */
async function contentOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}
