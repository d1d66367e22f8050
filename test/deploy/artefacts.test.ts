import { crc32 } from 'node:zlib';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build } from '#scripts/build.ts';
import { packArtefacts } from '#scripts/deploy/artefacts.ts';
import { zipOf } from '#scripts/deploy/zip.ts';
import { fixtureProject, SOURCES } from '#test/build/fixture-project.ts';
import { unzipped } from './unzipped.ts';

describe('a zip', () => {
  const entries = [
    { path: 'b.json', content: Buffer.from('{}') },
    { path: 'a/index.js', content: Buffer.from('exports.a = 1;') },
  ];

  it('holds what was put in, as its directory and its checksums say', () => {
    expect(unzipped(zipOf(entries))).toEqual({ 'a/index.js': 'exports.a = 1;', 'b.json': '{}' });
  });

  it('does not depend on order or time: other bytes for the same files would deploy every function again', () => {
    expect(zipOf(entries.toReversed())).toEqual(zipOf(entries));
    expect(crc32(zipOf(entries))).toBe(668_307_657);
  });
});

describe('artefacts', () => {
  const removals: (() => Promise<void>)[] = [];
  const built = async (below: string) => {
    const root = await fixtureProject(SOURCES, below, (remove) => removals.push(remove));
    await build({ root });
    return root;
  };
  let one = '';
  let other = '';

  beforeAll(async () => {
    one = await built('');
    other = await built('deeper/down');
  });
  afterAll(async () => {
    await Promise.all(removals.map((remove) => remove()));
  });

  it('are the same, byte for byte, when built in two folders', async () => {
    const manifest = await packArtefacts(one);
    const again = await packArtefacts(other);

    expect(Object.keys(manifest.artefacts)).toHaveLength(3);
    expect(again).toEqual(manifest);
    for (const { path } of Object.values(manifest.artefacts)) {
      expect(await readFile(join(other, path))).toEqual(await readFile(join(one, path)));
    }
  });

  it('hold bundle, package and lockfile, and nothing else', async () => {
    const { artefacts } = await packArtefacts(one);

    for (const { path } of Object.values(artefacts)) {
      const files = unzipped(await readFile(join(one, path)));
      expect(Object.keys(files)).toEqual([
        'bundle.cache',
        'bundle.js',
        'bundle.js.map',
        'index.js',
        'package-lock.json',
        'package.json',
      ]);
      expect(JSON.parse(files['package.json'] ?? '')).toMatchObject({
        dependencies: { '@google-cloud/functions-framework': '5.0.5' },
      });
    }
  });

  it('a change to the source of one function changes one of them, and leaves no zip behind', async () => {
    const before = (await packArtefacts(other)).artefacts;
    const source = 'functions/compute/reads.ts';

    await writeFile(join(other, source), (SOURCES[source] ?? '').replace("'one'", "'two'"));
    await build({ root: other });
    const after = (await packArtefacts(other)).artefacts;

    const changed = Object.keys(after).filter((name) => after[name]?.sha256 !== before[name]?.sha256);
    expect(changed).toEqual(['compute-reads']);
    expect(await readdir(join(other, '.build/artefacts'))).toHaveLength(3);
  });

  it('cannot be made of a function that was not built whole', async () => {
    await rm(join(one, '.build/functions/compute-reads/package-lock.json'));

    await expect(packArtefacts(one)).rejects.toThrow(/package-lock\.json/);
  });
});
