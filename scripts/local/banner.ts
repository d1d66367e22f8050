import type { FunctionEntry } from '#scripts/generate/function-manifest.ts';
import type { Connection } from './state/connection.ts';

export interface BannerOptions {
  readonly connection: Connection;
  readonly functions: readonly Pick<FunctionEntry, 'name' | 'method' | 'path' | 'prefixes' | 'trigger'>[];
  readonly stateFolder: string;
  readonly logFile: string;
  /** Whether to list every function. */
  readonly routes: boolean;
}

/** Returns the text that `npm start` prints once everything is ready: at most twenty lines without the routes. */
export function banner({ connection, functions, stateFolder, logFile, routes }: BannerOptions): string {
  const { baseUrl, emulators, control, principals } = connection;
  const places: [string, string][] = [
    ['gateway', baseUrl],
    ['console', `${control}/console`],
    ['control interface', control],
    ['Datastore', emulators.datastore],
    ['Pub/Sub', emulators.pubsub],
    ['Compute Engine', emulators.compute],
    ['state', stateFolder],
    ['log of functions', logFile],
  ];
  const reached = functions.map((entry): [string, string] => [entry.name, reachedBy(entry)]);
  return [
    `compute-api runs at ${baseUrl}`,
    '',
    table(places),
    '',
    ...(routes ? [table(reached), ''] : []),
    'Create a VM as alice (all credentials are in connection.json in the state folder):',
    '',
    createCommand(baseUrl, principals.alice),
    '',
    `Ctrl-C stops it and keeps its state. npm start -- --help shows the options, --routes the ${functions.length} functions.`,
  ].join('\n');
}

/** Returns an example request as one line to paste into a shell. */
function createCommand(baseUrl: string, { apiKey, apiSecret }: Connection['principals']['alice']): string {
  const body = JSON.stringify({ template_id: 'ubuntu-22-standard', config_id: 'default-network' });
  return [
    `curl -sS -X POST ${baseUrl}/api/compute/v1/instances`,
    `-H 'api-key: ${apiKey}'`,
    `-H 'api-secret: ${apiSecret}'`,
    `-H 'Content-Type: application/json'`,
    `-d '${body}'`,
  ].join(' ');
}

function reachedBy({ method, path, prefixes, trigger }: BannerOptions['functions'][number]): string {
  switch (trigger?.type) {
    case 'schedule':
      return `schedule ${trigger.cron}`;
    case 'push':
      return `push   from topic ${trigger.topic}`;
    case undefined:
      return `${(method ?? 'any').padEnd(6)} ${path ?? `what else is below ${prefixes.join(' and ')}`}`;
  }
}

function table(rows: readonly [string, string][]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n');
}
