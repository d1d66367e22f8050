/**
 * Ships V8's compiled code with each bundle: compiling a megabyte of JavaScript takes a third of a cold start, reading
 * the compiled code a tenth.
 *
 * V8 accepts the code only for a source of the same length, compiled by the same version under the same flags; a
 * different Node.js compiles as if there were no cache. All functions of a bundle are compiled, not only those that
 * some run called, so no code has to run and the result depends on the source alone.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import { Worker } from 'node:worker_threads';

export const BUNDLE = 'bundle.js';
export const CACHE = 'bundle.cache';
/** Source map of the bundle, used for stacks of logged errors (`shared/runtime/source-mapped-stack.ts`). */
export const MAP = 'bundle.js.map';

/** The wrapper function that Node.js also puts around a module. `lineOffset: -1` makes up for its line break. */
const HEAD = '(function (exports, require, module, __filename, __dirname) {\n';
const FOOT = '\n})';

/** `index.js` of every artefact. */
export const LOADER = `'use strict';
// Runs ${BUNDLE} with the code that V8 compiled during the build. A V8 that does not want it compiles by itself.
const { readFileSync } = require('node:fs');
const { constants, Script } = require('node:vm');
const filename = __dirname + '/${BUNDLE}';
let cachedData;
try {
  cachedData = readFileSync(__dirname + '/${CACHE}');
} catch {
  // Without a cache V8 compiles the bundle, which is slower and otherwise the same.
}
const source = ${JSON.stringify(HEAD)} + readFileSync(filename, 'latin1') + ${JSON.stringify(FOOT)};
const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
const script = new Script(source, { filename, cachedData, lineOffset: -1, importModuleDynamically });
// The log line of the first request shows this value (shared/runtime/code-cache.ts).
globalThis[Symbol.for('compute-api.code-cache')] =
  cachedData === undefined ? 'absent' : script.cachedDataRejected ? 'rejected' : 'accepted';
script.runInThisContext()(exports, require, module, filename, __dirname);
`;

/**
 * Flags that make V8's output reproducible: without a seed, threads draw different random numbers; with a
 * concurrent garbage collector, unused bytes between the data differ.
 */
const SAME_BYTES_FLAGS = ['--random-seed=1', '--single-threaded-gc'];

/**
 * Whether V8 accepts the cache in an artefact's folder. V8 is asked with a new text of the bundle's length, which is all
 * that it compares: a source that this process has compiled before is taken from V8's memory, whatever the cache is.
 */
export function isCacheAccepted(folder: string): boolean {
  try {
    const { length } = HEAD + readFileSync(join(folder, BUNDLE), 'latin1') + FOOT;
    const cachedData = readFileSync(join(folder, CACHE));
    const source = `/*${randomUUID()}*/`.padEnd(length);
    return new Script(source, { filename: BUNDLE, cachedData }).cachedDataRejected === false;
  } catch {
    // Without a cache file V8 has nothing to accept.
    return false;
  }
}

/**
 * Writes the cache into each folder, in two processes. A function that starts meanwhile finds either the cache of its
 * bundle or none.
 */
export async function writeCaches(folders: readonly string[]): Promise<void> {
  const half = Math.ceil(folders.length / 2);
  const script = fileURLToPath(import.meta.url);
  await Promise.all(
    [folders.slice(0, half), folders.slice(half)]
      .filter((part) => part.length > 0)
      .map((part) => promisify(execFile)(process.execPath, [...SAME_BYTES_FLAGS, script, ...part])),
  );
}

/**
 * The program of a worker thread. Plain JavaScript, because loading TypeScript in the thread takes longer than
 * compiling the bundle.
 */
const THREAD = `
const { readFileSync, writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const { constants, Script } = require('node:vm');
const { workerData: folder } = require('node:worker_threads');
const source = ${JSON.stringify(HEAD)} + readFileSync(folder + '/${BUNDLE}', 'latin1') + ${JSON.stringify(FOOT)};
const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
// V8 compares its flags with those of a cache, so the flag is set only while this script is compiled.
setFlagsFromString('--no-lazy');
const script = new Script(source, { filename: '${BUNDLE}', lineOffset: -1, importModuleDynamically });
setFlagsFromString('--lazy');
writeFileSync(folder + '/${CACHE}', script.createCachedData());
`;

/** One thread at a time, because V8's flags apply to the whole process. */
async function writeEach(folders: readonly string[]): Promise<void> {
  for (const workerData of folders) await once(new Worker(THREAD, { eval: true, workerData }), 'exit');
}

if (import.meta.main) await writeEach(process.argv.slice(2));
