import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatastoreEmulator } from '#scripts/emulators/datastore/datastore-emulator.ts';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';
import type { DatastoreLists } from '#scripts/generate/infra-lists.ts';
import { ControlError } from './control-values.ts';
import { functionEnvironment, type FunctionEnvironmentOptions } from './functions/function-environment.ts';
import type { FunctionLog } from './functions/function-log.ts';
import type { FunctionsSupervisor } from './functions/functions-supervisor.ts';

export interface RunningCloud {
  readonly repositoryFolder: string;
  readonly services: {
    readonly addresses: FunctionEnvironmentOptions['emulators'];
    readonly embeddedDatastore: DatastoreEmulator | undefined;
  };
  readonly supervisor: FunctionsSupervisor;
  readonly log: FunctionLog;
  readonly nowMs: () => number;
}

/**
 * Does to a local cloud what a deployment does to a project: the indexes that the repository declares, and functions that
 * start anew with these settings. Throws a ControlError where functions were added or removed: routes and queues are made
 * at the start of the local cloud alone.
 */
export async function deployLocally(
  cloud: RunningCloud | undefined,
  given: Readonly<Record<string, string>>,
): Promise<{ readonly functions: number; readonly indexes: number }> {
  if (cloud === undefined) throw new ControlError(503, 'The local cloud is not ready yet.');
  const { repositoryFolder, services, supervisor, log } = cloud;
  const generated = (file: string): unknown =>
    JSON.parse(readFileSync(join(repositoryFolder, 'infra', 'generated', file), 'utf8'));
  const names = (generated('functions.json') as FunctionManifest).functions.map(({ name }) => name);
  if (names.toSorted().join() !== supervisor.functions.toSorted().join()) {
    throw new ControlError(409, 'Functions were added or removed: stop the local cloud, and start it again.');
  }
  const { indexes } = generated('datastore.json') as DatastoreLists;
  services.embeddedDatastore?.declareIndexes(indexes);
  log.begin(cloud.nowMs());
  await supervisor.restart(functionEnvironment({ emulators: services.addresses, repositoryFolder, given }));
  return { functions: names.length, indexes: indexes.length };
}
