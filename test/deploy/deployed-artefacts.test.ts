import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '#scripts/build.ts';
import { packArtefacts } from '#scripts/deploy/artefacts.ts';
import type { FunctionEntry, FunctionManifest } from '#scripts/generate/function-manifest.ts';
import { ShiftableClock } from '#scripts/emulators/clock.ts';
import { ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import { PubSubEmulator } from '#scripts/emulators/pubsub/pubsub-emulator.ts';
import { Faults } from '#scripts/emulators/faults.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import { firstAnswer, type FunctionProcess } from '#test/build/running-function.ts';
import { generated } from '#test/infra/terraform-sources.ts';
import { install } from './installed-artefact.ts';
import { unzipped } from './unzipped.ts';

/*
 * Tests exactly what is deployed: a zip, unpacked into an empty folder, with the packages that its own lockfile
 * installs, run by its own functions-framework on Node.js 24 against the emulators. One function is started per
 * trigger, identity, set of clients and API family; the walk of the contracts (test/end-to-end) runs all bundles.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { functions } = generated('functions.json') as FunctionManifest;
const STARTED = functions.filter(
  (entry, index) => functions.findIndex((other) => sortOf(other) === sortOf(entry)) === index,
);

function sortOf({ name, kind, identity, clients }: FunctionEntry): string {
  return [kind, identity, [...clients].sort().join('+'), name.split('-', 1)[0]].join();
}

const FRAMEWORK = 'node_modules/@google-cloud/functions-framework/build/src/main.js';

const clock = new ShiftableClock();
const faults = new Faults();
const emulators = {
  datastore: new DatastoreEmulator({ clock, faults, compositeIndexes: COMPOSITE_INDEXES }),
  pubsub: new PubSubEmulator({ clock, faults }),
  compute: new ComputeEmulator({ clock, faults }),
};
let folder: string;
let artefacts: Readonly<Record<string, Readonly<Record<string, string>>>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'artefacts-'));
  await Promise.all(Object.values(emulators).map((emulator) => emulator.start()));
  // Does nothing if the sources are built already, as before `npm test`.
  await build();
  await mkdir(join(folder, '.build'));
  await symlink(join(ROOT, '.build/functions'), join(folder, '.build/functions'));
  const packed = Object.entries((await packArtefacts(folder)).artefacts);
  artefacts = Object.fromEntries(
    await Promise.all(
      packed.map(async ([name, { path }]) => [name, unzipped(await readFile(join(folder, path)))] as const),
    ),
  );
  await mkdir(join(folder, 'installed'));
  const [first = {}] = Object.values(artefacts);
  for (const name of ['package.json', 'package-lock.json'])
    await writeFile(join(folder, 'installed', name), first[name] ?? '');
  console.log(`functions-framework: ${await install(join(folder, 'installed'))}`);
});

afterAll(async () => {
  await Promise.all(Object.values(emulators).map((emulator) => emulator.stop()));
  clock.stop();
  await rm(folder, { recursive: true });
});

function environment(): Readonly<Record<string, string>> {
  return {
    GOOGLE_CLOUD_PROJECT: 'demo-project',
    METADATA_SERVER_DETECTION: 'none',
    DATASTORE_EMULATOR_HOST: emulators.datastore.address,
    PUBSUB_EMULATOR_HOST: emulators.pubsub.address,
    COMPUTE_EMULATOR_HOST: emulators.compute.address,
  };
}

/** Returns a request that the function can answer without any records, with the expected status. */
function requestTo(entry: FunctionEntry): {
  readonly request: NonNullable<FunctionProcess['request']>;
  readonly status: number;
} {
  const headers = { 'content-type': 'application/json' };
  if (entry.kind === 'push') {
    const message = { messageId: '1', data: Buffer.from('{}').toString('base64') };
    return { request: { method: 'POST', path: '/', headers, body: JSON.stringify({ message }) }, status: 204 };
  }
  if (entry.kind === 'schedule') return { request: { method: 'POST', path: '/', headers, body: '{}' }, status: 200 };
  if (entry.method === null)
    return { request: { method: 'GET', path: `${entry.prefixes[0] ?? ''}/nowhere` }, status: 404 };
  // Only the database knows whether the token is a session, so a 401 shows that it was queried and replied.
  const authorization = { authorization: 'Bearer not-a-session-that-anybody-has' };
  const path = (entry.path ?? '').replaceAll(/\{[^}]+\}/g, 'x');
  return { request: { method: entry.method, path, headers: { ...headers, ...authorization } }, status: 401 };
}

describe('the artefact', () => {
  it('of every function installs the same packages', () => {
    const [first, ...others] = functions.map(({ name }) => artefacts[name]);

    expect(first?.['package-lock.json']).toContain('node_modules/@google-cloud/functions-framework');
    for (const other of others) {
      expect(other?.['package.json']).toBe(first?.['package.json']);
      expect(other?.['package-lock.json']).toBe(first?.['package-lock.json']);
    }
  });

  it.each(STARTED.map((entry) => [entry.name, entry] as const))(
    '%s serves a request by itself',
    async (name, entry) => {
      const source = join(folder, 'unpacked', name);
      await mkdir(source, { recursive: true });
      for (const [path, content] of Object.entries(artefacts[name] ?? {})) await writeFile(join(source, path), content);
      await symlink(join(folder, 'installed/node_modules'), join(source, 'node_modules'));
      const { request, status } = requestTo(entry);

      const answer = await firstAnswer({
        target: entry.entryPoint,
        source,
        framework: join(source, FRAMEWORK),
        environment: environment(),
        request,
      });

      expect(answer.status, answer.body).toBe(status);
      if (entry.kind === 'http') expect(JSON.parse(answer.body)).toBeTypeOf('object');
    },
  );
});
