import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { build } from '#scripts/build.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Source files of a small project, by path. */
export type Sources = Readonly<Record<string, string>>;

/** A project of three functions: the first uses Datastore, the second also Pub/Sub, the third also Compute Engine. */
export const SOURCES: Sources = {
  'shared/datastore.ts': `
    import { v1 } from '@google-cloud/datastore';
    import { credentials } from '@grpc/grpc-js';
    import { PassThroughClient } from 'google-auth-library';
    const [servicePath = '', port] = (process.env['DATASTORE_EMULATOR_HOST'] ?? '').split(':');
    export const datastore = new v1.DatastoreClient({
      servicePath, port: Number(port), sslCreds: credentials.createInsecure(), authClient: new PassThroughClient() as never,
    });
  `,
  'shared/pubsub.ts': `
    import { v1 } from '@google-cloud/pubsub';
    import { credentials } from '@grpc/grpc-js';
    import { PassThroughClient } from 'google-auth-library';
    const [servicePath = '', port] = (process.env['PUBSUB_EMULATOR_HOST'] ?? '').split(':');
    export const publisher = new v1.PublisherClient({
      servicePath, port: Number(port), sslCreds: credentials.createInsecure(), authClient: new PassThroughClient() as never,
    });
  `,
  'shared/compute.ts': `
    import { InstancesClient, ZoneOperationsClient } from '@google-cloud/compute';
    import { PassThroughClient } from 'google-auth-library';
    const [apiEndpoint = '', port] = (process.env['COMPUTE_EMULATOR_HOST'] ?? '').split(':');
    const options = { apiEndpoint, port: Number(port), protocol: 'http', authClient: new PassThroughClient() as never };
    export const instances = new InstancesClient(options);
    export const zoneOperations = new ZoneOperationsClient(options);
  `,
  'shared/shown.ts': `
    /** Makes a call and returns its result, or its error with all members that callers may read. */
    export async function shown(call: () => PromiseLike<unknown>): Promise<unknown> {
      try {
        return await call();
      } catch (thrown) {
        const { code, message, reason, domain, errorInfoMetadata, statusDetails, httpStatusCode } = thrown as Record<string, unknown>;
        return { code, message, reason, domain, errorInfoMetadata, statusDetails, httpStatusCode };
      }
    }
  `,
  'functions/compute/reads.ts': `
    import { http } from '@google-cloud/functions-framework';
    import { datastore } from '../../shared/datastore.ts';
    import { shown } from '../../shared/shown.ts';
    const key = { partitionId: { projectId: 'p' }, path: [{ kind: 'Kind', name: 'one' }] };
    const entity = { key, properties: { count: { integerValue: 3 }, bytes: { blobValue: Buffer.from('hi') } } };
    http('compute-reads', async (_request, response) => {
      response.json({
        lookup: await shown(() => datastore.lookup({ projectId: 'p', keys: [key] })),
        commit: await shown(() => datastore.commit({ projectId: 'p', mode: 'NON_TRANSACTIONAL', mutations: [{ upsert: entity }] })),
        refused: await shown(() => datastore.runQuery({ projectId: 'p', query: { kind: [{ name: 'Kind' }] } })),
      });
    });
  `,
  'functions/compute/publishes.ts': `
    import { http } from '@google-cloud/functions-framework';
    import { datastore } from '../../shared/datastore.ts';
    import { publisher } from '../../shared/pubsub.ts';
    import { shown } from '../../shared/shown.ts';
    const message = { data: Buffer.from('{}'), attributes: { a: 'b' }, orderingKey: 'vm' };
    http('compute-publishes', async (_request, response) => {
      const answer = {
        lookup: await shown(() => datastore.lookup({ projectId: 'p', keys: [] })),
        publish: await shown(() => publisher.publish({ topic: 'projects/p/topics/t', messages: [message] })),
      };
      response.json({ ...answer, closed: await shown(() => publisher.close()) });
    });
  `,
  'functions/compute/creates.ts': `
    import { http } from '@google-cloud/functions-framework';
    import { datastore } from '../../shared/datastore.ts';
    import { instances, zoneOperations } from '../../shared/compute.ts';
    import { shown } from '../../shared/shown.ts';
    const at = { project: 'p', zone: 'z' };
    const instanceResource = {
      name: 'vm', labels: { a: 'b' }, tags: { items: ['t'] }, deletionProtection: false,
      disks: [{ boot: true, autoDelete: true, initializeParams: { diskSizeGb: 10, labels: {} } }, { deviceName: 'second' }],
      metadata: { items: [{ key: 'ssh-keys', value: 'u:k' }, { key: 'empty', value: '' }] },
      networkInterfaces: [{ network: 'global/networks/default', accessConfigs: [{ type: 'ONE_TO_ONE_NAT' }] }],
      scheduling: { preemptible: true, maxRunDuration: { seconds: 3600, nanos: 1 } },
      shieldedInstanceConfig: null, serviceAccounts: [], unheardOf: 1,
    };
    http('compute-creates', async (_request, response) => {
      const listed = async () => {
        const found = [];
        for await (const [zone, scoped] of instances.aggregatedListAsync({ project: 'p' })) found.push([zone, scoped.instances]);
        return found;
      };
      response.json({
        lookup: await shown(() => datastore.lookup({ projectId: 'p', keys: [] })),
        insert: await shown(async () => (await instances.insert({ ...at, requestId: 'r', instanceResource }))[0].latestResponse),
        get: await shown(() => instances.get({ ...at, instance: 'vm' })),
        refused: await shown(() => instances.delete({ ...at, instance: 'vm' })),
        operation: await shown(() => zoneOperations.get({ ...at, operation: 'op' })),
        listed: await shown(listed),
        inZone: await shown(async () => (await instances.list({ ...at, filter: 'name=vm' }, { autoPaginate: false }))[0]),
      });
    });
  `,
};

/** A project of `SOURCES` that stays built between runs: each test that needs one copies it instead of building again. */
const BUILT = join(ROOT, '.build/fixture-project');

/** Returns a copy of the project of `SOURCES` with its artefacts, in a new folder that is removed when the test ends. */
export async function builtProject(atEnd: (remove: () => Promise<void>) => void = onTestFinished): Promise<string> {
  await writeProject(BUILT, SOURCES);
  await build({ root: BUILT });
  const folder = await mkdtemp(join(tmpdir(), 'build-'));
  atEnd(() => rm(folder, { recursive: true }));
  const root = join(folder, 'copy');
  await cp(BUILT, root, { recursive: true });
  return root;
}

/**
 * Writes a project into a new folder, which is removed when the test ends unless stated otherwise. Its packages are
 * this repository's.
 */
export async function fixtureProject(
  sources: Sources = SOURCES,
  below = '',
  atEnd: (remove: () => Promise<void>) => void = onTestFinished,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'build-'));
  atEnd(() => rm(folder, { recursive: true }));
  const root = join(folder, below);
  await writeProject(root, sources);
  return root;
}

async function writeProject(root: string, sources: Sources): Promise<void> {
  await mkdir(root, { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules')).catch(unlessThere);
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json'])
    await cp(join(ROOT, file), join(root, file));
  for (const [path, text] of Object.entries(sources)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

function unlessThere(thrown: unknown): void {
  if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
}
