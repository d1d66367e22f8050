/**
 * V8's compiled code, shipped with each bundle. Compiling a megabyte of JavaScript is a third of a cold start; reading what
 * V8 made of it is a tenth.
 *
 * V8 takes the code only for a source of the same length, made by the same version under the same flags; another Node.js
 * compiles as if there were none. Every function is compiled, not only those that one run happened to need, so nothing has
 * to be run to make it, and what is made depends on the source alone.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Script } from 'node:vm';
import { Worker } from 'node:worker_threads';

export const BUNDLE = 'bundle.js';
export const CACHE = 'bundle.cache';
/** Source map of the bundle, for the stacks of errors that are logged (`shared/runtime/source-mapped-stack.ts`). */
export const MAP = 'bundle.js.map';

/** A module is the body of this function, as Node.js has it too. The offset of lines makes up for the break. */
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
  // Slower, and otherwise the same.
}
const source = ${JSON.stringify(HEAD)} + readFileSync(filename, 'latin1') + ${JSON.stringify(FOOT)};
const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
const script = new Script(source, { filename, cachedData, lineOffset: -1, importModuleDynamically });
// The first request's log line tells which it was (shared/runtime/code-cache.ts).
globalThis[Symbol.for('compute-api.code-cache')] =
  cachedData === undefined ? 'absent' : script.cachedDataRejected ? 'rejected' : 'accepted';
script.runInThisContext()(exports, require, module, filename, __dirname);
`;

/**
 * V8 draws numbers for what it compiles: with a seed each thread draws the same ones. A collector that works beside the
 * program leaves other bytes behind each time, between what it writes down.
 */
const SAME_BYTES_FLAGS = ['--random-seed=1', '--single-threaded-gc'];

/** Whether V8 takes the cache in an artefact's folder. */
export function isCacheAccepted(folder: string): boolean {
  try {
    const source = `${HEAD}${readFileSync(join(folder, BUNDLE), 'latin1')}${FOOT}`;
    const cachedData = readFileSync(join(folder, CACHE));
    return new Script(source, { filename: BUNDLE, cachedData }).cachedDataRejected === false;
  } catch {
    // Without a cache there is none to take.
    return false;
  }
}

/**
 * Writes the cache into each folder, in two processes of their own. A function that starts meanwhile finds the cache of
 * the bundle that is there, or none.
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

/** A thread's program. Plain JavaScript, because a thread that reads TypeScript takes longer than it works. */
const THREAD = `
const { readFileSync, writeFileSync } = require('node:fs');
const { setFlagsFromString } = require('node:v8');
const { constants, Script } = require('node:vm');
const { workerData: folder } = require('node:worker_threads');
const source = ${JSON.stringify(HEAD)} + readFileSync(folder + '/${BUNDLE}', 'latin1') + ${JSON.stringify(FOOT)};
const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
// The flag is part of what a cache has to fit, so it is only on while this is compiled.
setFlagsFromString('--no-lazy');
const script = new Script(source, { filename: '${BUNDLE}', lineOffset: -1, importModuleDynamically });
setFlagsFromString('--lazy');
writeFileSync(folder + '/${CACHE}', script.createCachedData());
`;

/** One thread after the other: flags are the whole process's. */
async function writeEach(folders: readonly string[]): Promise<void> {
  for (const workerData of folders) await once(new Worker(THREAD, { eval: true, workerData }), 'exit');
}

if (import.meta.main) await writeEach(process.argv.slice(2));
