import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { ROW_SAMPLES } from '#test/datastore/row-samples.ts';
import { standingClock } from '#test/support/cloud-and-records.ts';
import { computeCloud, PROJECT } from '#test/support/compute-cloud.ts';
import { testDatastore } from '#test/support/datastore.ts';
import { KEPT, type KeptRelease } from './keep-release.ts';
import { type RawProperties, type Release, release as today } from './release.ts';

/*
 * During a deployment, and after a rollback, the former release and today's share rows. The former one is a stored
 * bundle; both run here on the same emulators, alternately.
 */

const kept = JSON.parse(gunzipSync(await readFile(KEPT)).toString()) as KeptRelease;
const former = await loaded(kept);

/** Loads the release from a folder below the project's root, so that its packages are found. */
async function loaded({ commit, code }: KeptRelease): Promise<Release> {
  const folder = fileURLToPath(new URL('../../.build/cache', import.meta.url));
  await mkdir(folder, { recursive: true });
  const file = join(folder, `former-release-${commit}.mjs`);
  await writeFile(file, code);
  const { release } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { readonly release: Release };
  return release;
}

const ID = 'tw-550e84-a1b2c3d4';

async function world() {
  const cloud = await computeCloud({ bootSeconds: 1, stopSeconds: 1 }, standingClock());
  const { store, address: datastoreAddress } = await testDatastore();
  const place = {
    project: PROJECT,
    label: 'test',
    datastoreAddress,
    computeAddress: cloud.emulator.address,
    nowMs: () => cloud.clock.nowMs(),
  };
  const open = { former: former.open(place), today: today.open(place) };
  onTestFinished(async () => {
    await Promise.all([open.former.close(), open.today.close()]);
  });
  const row = async (operationId: string) => store.get(ref(OPERATION, operationId));
  return { cloud, store, open, row };
}

describe('an instance that both releases work on, one after the other', () => {
  test.each([
    ['former', 'today'],
    ['today', 'former'],
  ] as const)(
    'is made, stopped, started and deleted, each act accepted by %s and carried out by %s',
    async (one, other) => {
      const { cloud, store, open } = await world();
      const [accepts, works] = [open[one], open[other]];
      const end = async (operationId: string) => {
        for (let round = 0; round < 4; round += 1) {
          if ((await works.deliver(ID, operationId)) === 'done') return;
          cloud.clock.advance(30);
          await accepts.deliver(ID, operationId);
        }
      };

      await accepts.begin(ID, 'op-1');
      await end('op-1');
      for (const [kind, operationId] of [
        ['stop', 'op-2'],
        ['start', 'op-3'],
        ['restart', 'op-4'],
        ['delete', 'op-5'],
      ] as const) {
        await accepts.accept(kind, ID, operationId);
        expect(await accepts.sweep()).toBe(0);
        await end(operationId);
      }

      for (const operationId of ['op-1', 'op-2', 'op-3', 'op-4', 'op-5']) {
        expect((await store.get(ref(OPERATION, operationId)))?.value, operationId).toMatchObject({
          state: 'completed',
        });
      }
      expect(await store.get(ref(INSTANCE, ID))).toBeUndefined();
      const made = cloud.emulator
        .calls()
        .filter(({ outcome }) => outcome === 'applied')
        .map(({ method }) => method);
      expect(made).toEqual([
        'instances.insert',
        'instances.stop',
        'instances.start',
        'instances.stop',
        'instances.start',
        'instances.delete',
      ]);
      expect([open.former.complaints, open.today.complaints]).toEqual([[], []]);
    },
  );
});

/** Kinds that today's release has and the former one lacks, and one that neither has. */
const NEWER_KINDS = [
  ...today.operationKinds.filter((kind) => !former.operationKinds.includes(kind)),
  'of_a_newer_release',
];

describe.each(NEWER_KINDS)('an operation of the newer kind %s', (kind) => {
  test('is left to the newer release by the former one: shown, not run, not failed, also when what is before it ends', async () => {
    const { cloud, open, row, store } = await world();
    await open.former.begin(ID, 'op-1');
    await open.today.accept(kind, ID, 'op-2');
    const accepted = await row('op-2');

    for (let round = 0; round < 3; round += 1) {
      await open.former.deliver(ID, 'op-1');
      cloud.clock.advance(30);
    }
    expect(await open.former.deliver(ID, 'op-2')).toBe('waiting');
    expect(await open.former.sweep()).toBe(0);
    await open.former.deadLetter(ID, 'op-2');
    cloud.clock.advance(2 * 86_400);
    await open.former.deliver(ID, 'op-2');

    expect((await row('op-1'))?.value.state).toBe('completed');
    expect(await row('op-2')).toEqual(accepted);
    expect((await store.get(ref(INSTANCE, ID)))?.value.queue).toEqual([{ id: 'op-2', kind }]);
    expect((await open.former.shown(ID, 'op-2')).operation).toMatchObject({ kind: 'unknown', state: 'pending' });
  });
});

/** Returns rows as today's release writes them. */
function samplesOf(kind: string): readonly RawProperties[] {
  const sample = ROW_SAMPLES.find((each) => each.kind.name === kind);
  if (sample === undefined) return expect.fail(`${kind} has no sample`);
  const values = fc.sample(sample.values, { numRuns: 6, seed: 13 });
  return values.map((value) => sample.kind.encode(value as never) as RawProperties);
}

describe.each(today.rowKinds.filter((kind) => former.rowKinds.includes(kind)))('rows of %s', (kind) => {
  test('that today’s release has written are read by the former one, and lose nothing when it writes them back', () => {
    for (const properties of samplesOf(kind)) {
      const after = { ...properties, ...former.rewritten(kind, properties) };
      expect(today.read(kind, after)).toEqual(today.read(kind, properties));
    }
  });

  test('that the former release has written are read by today’s, and lose nothing when it writes them back', () => {
    for (const properties of kept.rows[kind] ?? []) {
      const after = { ...properties, ...today.rewritten(kind, properties) };
      // Not toEqual, because structured members may have gained parts.
      expect(former.read(kind, after)).toMatchObject(former.read(kind, properties) as object);
    }
  });

  test('of a word that only the newer release knows are read and written as they are by either', () => {
    for (const member of Object.keys(today.words(kind))) {
      const properties = { ...samplesOf(kind)[0], [member]: { stringValue: 'of_a_newer_release' } };
      for (const each of [today, former]) {
        expect(each.rewritten(kind, properties)[member]).toMatchObject({ stringValue: 'of_a_newer_release' });
      }
    }
  });
});

test('no kind of row is lost between the releases: what is gone was first no longer written', () => {
  expect(former.rowKinds.filter((kind) => !today.rowKinds.includes(kind))).toEqual([]);
});
