import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zipOf } from './zip.ts';

/** The deployed zip of one function. */
export interface Artefact {
  /**
   * Path of the zip from the repository's root: the same text on every machine, so that Terraform sees no difference.
   */
  readonly path: string;
  /** SHA-256 of the zip, in lower-case hex. */
  readonly sha256: string;
}

/** Content of `.build/artefacts.json`, which Terraform reads with `-var-file`. */
export interface ArtefactManifest {
  readonly artefacts: Readonly<Record<string, Artefact>>;
}

export const MANIFEST = '.build/artefacts.json';
const ZIPS = '.build/artefacts';
const FUNCTIONS = '.build/functions';
const FILES = ['bundle.cache', 'bundle.js', 'bundle.js.map', 'index.js', 'package-lock.json', 'package.json'];

/**
 * Zips every built function, under a name with the hash of its bytes, and writes the manifest. Removes the zips of
 * earlier builds. Rejects if a function lacks one of its files.
 */
export async function packArtefacts(root: string): Promise<ArtefactManifest> {
  const names = (await readdir(join(root, FUNCTIONS))).sort();
  await mkdir(join(root, ZIPS), { recursive: true });
  const artefacts: Record<string, Artefact> = {};
  for (const name of names) artefacts[name] = await packed(root, name);
  await removeOthers(root, artefacts);
  const manifest = { artefacts };
  await replaceFile(join(root, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return manifest;
}

async function packed(root: string, name: string): Promise<Artefact> {
  const entries = await Promise.all(
    FILES.map(async (path) => ({ path, content: await readFile(join(root, FUNCTIONS, name, path)) })),
  );
  const zip = zipOf(entries);
  const sha256 = createHash('sha256').update(zip).digest('hex');
  const path = `${ZIPS}/${name}-${sha256.slice(0, 16)}.zip`;
  await replaceFile(join(root, path), zip);
  return { path, sha256 };
}

async function removeOthers(root: string, artefacts: ArtefactManifest['artefacts']): Promise<void> {
  const current = new Set(Object.values(artefacts).map(({ path }) => path));
  const others = (await readdir(join(root, ZIPS)))
    .map((file) => `${ZIPS}/${file}`)
    .filter((path) => !current.has(path));
  await Promise.all(others.map((path) => rm(join(root, path), { force: true })));
}

/** Replaces a file in one step, so that an upload that runs meanwhile never reads half a file. */
async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  await writeFile(unfinished, content);
  await rename(unfinished, path);
}
