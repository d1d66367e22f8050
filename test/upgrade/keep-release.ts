import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import fc from 'fast-check';
import { ROW_SAMPLES } from '#test/datastore/row-samples.ts';
import type { RawProperties } from './release.ts';

/*
 * Stores the working tree as the former release, which `two-releases.test.ts` runs beside today's: `node
 * test/upgrade/keep-release.ts`. To be run after a release was deployed, before rows change.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const KEPT = fileURLToPath(new URL('former-release.json.gz', import.meta.url));

/** A stored release: small, complete, and independent of the repository's history. */
export interface KeptRelease {
  /** The commit from which it was made. */
  readonly commit: string;
  /** `release.ts` bundled with all of the release's own sources; packages are those of the program that loads it. */
  readonly code: string;
  /** Rows as the release writes them, by kind. */
  readonly rows: Readonly<Record<string, readonly RawProperties[]>>;
}

const SAMPLES = 6;

async function keep(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('release.ts', import.meta.url))],
    absWorkingDir: ROOT,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    keepNames: true,
    write: false,
    external: ['@google-cloud/*', '@grpc/*', 'google-auth-library', 'google-gax', 'pino', 'jose'],
  });
  const rows = Object.fromEntries(
    ROW_SAMPLES.map(({ kind, values }) => [
      kind.name,
      fc.sample(values, { numRuns: SAMPLES, seed: 13 }).map((value) => kind.encode(value as never)),
    ]),
  );
  const commit = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).stdout.trim();
  const kept = { commit, code: outputFiles[0]?.text ?? '', rows };
  await writeFile(KEPT, gzipSync(JSON.stringify(kept), { level: 9 }));
  console.log(`${KEPT}: ${kept.code.length} bytes of code, rows of ${Object.keys(rows).length} kinds, from ${commit}`);
}

if (import.meta.main) await keep();
