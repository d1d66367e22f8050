import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { build, isUpToDate } from '#scripts/build.ts';
import { builtProject, fixtureProject, SOURCES } from './fixture-project.ts';

/** Returns the digest of every file of every artefact, by path. */
async function digests(root: string): Promise<Readonly<Record<string, string>>> {
  const folder = join(root, '.build/functions');
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
  const found = paths.map(async (path) => {
    const hash = createHash('sha256').update(await readFile(path));
    return [path.slice(folder.length + 1), hash.digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

describe('building', () => {
  it('writes the same bytes in whatever folder the project lies', async () => {
    const [one, other] = [await builtProject(), await fixtureProject(SOURCES, 'deeper/down')];

    await build({ root: other });

    const written = await digests(one);
    expect(Object.keys(written)).toHaveLength(18);
    expect(await digests(other)).toEqual(written);
  });

  it('leaves nothing of the machine in an artefact', async () => {
    const root = await builtProject();

    for (const path of Object.keys(await digests(root))) {
      const text = await readFile(join(root, '.build/functions', path), 'latin1');
      expect(text.includes(process.cwd()), path).toBe(false);
      expect(text.includes('"resolved":'), path).toBe(false);
    }
  });

  it('changes one artefact when the source of one function changes', async () => {
    const root = await builtProject();
    const before = await digests(root);
    const source = 'functions/compute/reads.ts';

    await writeFile(join(root, source), (SOURCES[source] ?? '').replace("'one'", "'two'"));
    await build({ root });

    const after = await digests(root);
    const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(changed).toEqual([join('compute-reads', 'bundle.cache'), join('compute-reads', 'bundle.js')]);
  });

  it('does nothing while nothing changed, and notices what did', async () => {
    expect(await isUpToDate({ root: await fixtureProject() })).toBe(false);
    const root = await builtProject();

    expect(await isUpToDate({ root })).toBe(true);
    expect((await build({ root })).bytes).toEqual({});
    expect(await isUpToDate({ root, minify: false })).toBe(false);
    await rm(join(root, '.build/functions/compute-reads/bundle.cache'));
    expect(await isUpToDate({ root })).toBe(false);
    expect(Object.keys((await build({ root })).bytes)).toHaveLength(3);
    expect(await isUpToDate({ root })).toBe(true);
    await writeFile(join(root, 'shared/shown.ts'), `${SOURCES['shared/shown.ts'] ?? ''}// changed`);
    expect(await isUpToDate({ root })).toBe(false);
  });

  it('never takes a partial build for a full one', async () => {
    const root = await builtProject();
    await writeFile(join(root, 'functions/compute/reads.ts'), 'export {};');
    await build({ root, only: ['compute-reads'] });

    await writeFile(join(root, 'functions/compute/reads.ts'), SOURCES['functions/compute/reads.ts'] ?? '');

    expect(await isUpToDate({ root })).toBe(false);
  });

  it('removes the artefact of a function that is gone', async () => {
    const root = await builtProject();

    await rm(join(root, 'functions/compute/publishes.ts'));
    await build({ root });

    expect((await readdir(join(root, '.build/functions'))).sort()).toEqual(['compute-creates', 'compute-reads']);
  });

  it('fails on a part of a Google package that is not in the table', async () => {
    const root = await fixtureProject({
      ...SOURCES,
      'functions/compute/lists.ts': `import { SnapshotsClient } from '@google-cloud/compute'; new SnapshotsClient();`,
    });

    await expect(build({ root, only: ['compute-lists'] })).rejects.toThrow(/No matching export.*SnapshotsClient/);
  });

  it('fails on a member of v1 that is not in the table', async () => {
    const root = await fixtureProject({
      ...SOURCES,
      'functions/compute/lists.ts': `import { v1 } from '@google-cloud/pubsub'; new v1.SubscriberClient();`,
    });

    await expect(build({ root, only: ['compute-lists'] })).rejects.toThrow(/SubscriberClient/);
  });
});
