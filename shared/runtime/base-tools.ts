import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DestinationStream } from 'pino';
import type { Random } from '#shared/domain/ids.ts';
import { Store } from '#shared/datastore/store.ts';
import { codeCache } from './code-cache.ts';
import { readConfiguration, type Configuration } from './configuration.ts';
import { JsonLog } from './log.ts';

export interface BaseTools {
  readonly configuration: Configuration;
  readonly store: Store;
  readonly log: JsonLog;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly random: Random;
}

/** Clock, waiting, randomness and log destination, replaceable in tests. */
export interface Surroundings extends Pick<BaseTools, 'nowMs' | 'sleep' | 'random'> {
  /** Standard output when absent. */
  readonly logDestination?: DestinationStream;
}

const random: Random = {
  hex: (bytes) => randomBytes(bytes).toString('hex'),
  // 48 bits can be represented exactly in a double.
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};

const REAL: Surroundings = { nowMs: () => Date.now(), sleep: (ms) => sleep(ms), random };

/** Opens the tools of every function. The connection to Datastore is opened while the framework is still starting. */
export function openBase(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  surroundings: Surroundings = REAL,
): BaseTools {
  const configuration = readConfiguration(environment);
  const { logDestination, ...tools } = surroundings;
  const cache = codeCache();
  const log = new JsonLog({ ...configuration, codeCache: cache }, logDestination, tools.nowMs);
  // Another patch version of Node.js silently rejects the cache, which makes every start slower, so this is logged.
  if (cache === 'rejected') log.warn('the shipped code cache was rejected', { node: process.version });
  const store = new Store({
    project: configuration.project,
    database: configuration.database,
    emulatorHost: configuration.emulators.datastore,
    random: () => tools.random.fraction(),
    sleep: tools.sleep,
  });
  store.connect().catch((thrown: unknown) => log.error('Datastore could not be connected', { cause: thrown }));
  return { configuration, store, log, ...tools };
}
