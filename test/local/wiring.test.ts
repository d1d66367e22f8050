import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { v1 } from '@google-cloud/pubsub';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Connection } from '#scripts/local/state/connection.ts';
import { datastoreLists } from '#scripts/generate/infra-lists.ts';
import type { AuditEntry } from '#scripts/emulators/compute/audit-entry.ts';
import { LOCAL_PROJECT } from '#scripts/local/functions/function-environment.ts';
import { LocalCloud } from '#scripts/local/local-cloud.ts';
import { connection as clientOptions } from '#shared/datastore/connection.ts';
import { entryPointOf } from '#shared/runtime/entry-point.ts';

/*
 * Tests how the local cloud connects Pub/Sub, the log sink, the scheduler and the clock with functions. The functions
 * here only record their calls; those of this project are not used.
 */

const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

const push = (name: string, topic: string, deadLetterTopic: string | null) => ({
  name,
  method: null,
  path: null,
  prefixes: [],
  trigger: {
    type: 'push',
    topic,
    ordered: deadLetterTopic !== null,
    deadLetterTopic,
    attemptsMax: deadLetterTopic === null ? null : 5,
    ackDeadlineSeconds: 30,
    minimumBackoffSeconds: 1,
    maximumBackoffSeconds: 60,
  },
});

const FUNCTIONS = [
  { name: 'ask', method: 'GET', path: '/ask', prefixes: [], trigger: null },
  push('worker', 'operations', 'operations-dead-letter'),
  push('recorder', 'operations-dead-letter', null),
  push('sync', 'compute-events', null),
  { name: 'sweep', method: null, path: null, prefixes: [], trigger: { type: 'schedule', cron: '* * * * *' } },
];

const GATEWAY = {
  swagger: '2.0',
  paths: {
    '/ask': {
      get: { 'x-google-backend': { address: '${ask}', path_translation: 'APPEND_PATH_TO_ADDRESS', deadline: 10 } },
    },
  },
};

interface Told {
  readonly name: string;
  readonly nowMs: number;
  readonly pid: number;
  readonly authorization: string;
  readonly body: {
    readonly message?: { readonly data: string; readonly orderingKey?: string };
    readonly deliveryAttempt?: number;
  };
}

/** Returns a function that records each call and refuses messages that ask for it. */
function bundle(name: string, toldFile: string): string {
  return `
    const { appendFileSync } = require('node:fs');
    require('@google-cloud/functions-framework').http('${entryPointOf(name)}', (request, response) => {
      const told = { name: '${name}', nowMs: Date.now(), pid: process.pid, authorization: request.headers.authorization, body: request.body };
      appendFileSync(${JSON.stringify(toldFile)}, JSON.stringify(told) + '\\n');
      const text = Buffer.from(request.body?.message?.data ?? '', 'base64').toString();
      response.status('${name}' === 'worker' && text === 'refuse me' ? 500 : 200).json(told);
    });`;
}

async function harness() {
  // Without this setting Google's client looks for a metadata server and prints a warning.
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
  onTestFinished(() => void vi.unstubAllEnvs());
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'wiring-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const toldFile = join(root, 'told.jsonl');
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  symlinkSync(NODE_MODULES, join(root, 'node_modules'));
  write('told.jsonl', '');
  const topics = ['operations', 'operations-dead-letter', 'compute-events'].map((name) => ({ name }));
  write('infra/generated/functions.json', JSON.stringify({ functions: FUNCTIONS, topics }));
  write('infra/generated/datastore.json', JSON.stringify(datastoreLists()));
  write('infra/generated/openapi/gateway.json', JSON.stringify(GATEWAY));
  for (const { name } of FUNCTIONS) write(`.build/functions/${name}/index.js`, bundle(name, toldFile));
  const cloud = new LocalCloud({
    port: 0,
    stateFolder: join(root, 'state'),
    reset: false,
    bootSeconds: 0,
    stopSeconds: 0,
    functionProcesses: 1,
    emulators: 'embedded',
    sweepSeconds: 3600,
    entityWritesPerSecond: undefined,
    computeReadsPerSecond: undefined,
    watch: false,
    inspectPort: undefined,
    routes: false,
    preload: false,
    quiet: true,
    repositoryFolder: root,
    environment: {},
    print: () => undefined,
  });
  onTestFinished(() => cloud.stop());
  await cloud.start();
  const connection = JSON.parse(readFileSync(join(root, 'state', 'connection.json'), 'utf8')) as Connection;
  const publisher = new v1.PublisherClient(clientOptions(connection.emulators.pubsub));
  onTestFinished(() => publisher.close());
  const told = (name: string) =>
    readFileSync(toldFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Told)
      .filter((call) => call.name === name);
  return {
    connection,
    /** Returns the calls of a function so far. */
    told,
    /** Waits until a function was called this often. */
    called: (name: string, times: number) =>
      vi.waitFor(
        () => {
          expect(told(name).length).toBeGreaterThanOrEqual(times);
          return told(name);
        },
        { timeout: 60_000, interval: 20 },
      ),
    publish: (text: string) =>
      publisher.publish({
        topic: `projects/${LOCAL_PROJECT}/topics/operations`,
        messages: [{ data: Buffer.from(text), orderingKey: 'vm-1' }],
      }),
    advance: async (advanceSeconds: number) => {
      const response = await fetch(`${connection.control}/clock`, {
        method: 'POST',
        body: JSON.stringify({ advanceSeconds }),
      });
      expect(response.status).toBe(200);
    },
    functionHost: () => {
      const file = JSON.parse(readFileSync(join(root, 'state', 'processes.json'), 'utf8')) as {
        functionHosts: number[];
      };
      return file.functionHosts[0] ?? 0;
    },
  };
}

function textOf({ body }: Told): string {
  return Buffer.from(body.message?.data ?? '', 'base64').toString();
}

test('what is published to operations reaches the worker in order, with its key and the number of the attempt', async () => {
  const h = await harness();

  await h.publish('first');
  await h.publish('second');

  const calls = await h.called('worker', 2);
  expect(calls.map(textOf)).toEqual(['first', 'second']);
  expect(calls[0]?.body).toMatchObject({ deliveryAttempt: 1, message: { orderingKey: 'vm-1' } });
});

test('what the worker refuses in all its attempts reaches the recorder; the clock brings the attempts', async () => {
  const h = await harness();

  await h.publish('refuse me');
  const recorded = await vi.waitFor(
    async () => {
      await h.advance(60);
      const [letter] = h.told('recorder');
      if (letter === undefined) throw new Error('not yet');
      return letter;
    },
    { timeout: 60_000 },
  );

  expect(textOf(recorded)).toBe('refuse me');
  expect(h.told('worker').map(({ body }) => body.deliveryAttempt)).toEqual([1, 2, 3, 4, 5]);
});

test('a message survives the host that dies before it was answered', async () => {
  const h = await harness();
  await h.publish('wakes the host');
  const [first] = await h.called('worker', 1);

  process.kill(h.functionHost(), 'SIGKILL');
  await h.publish('comes while nobody is there');

  // The first message may come once more, if its acknowledgement was lost with the host.
  await vi.waitFor(() => expect(h.told('worker').map(textOf)).toContain('comes while nobody is there'), 60_000);
  expect(h.told('worker').at(-1)?.pid).not.toBe(first?.pid);
});

test('what happens to VMs of ours, of whichever family, reaches the sync as an audit log entry', async () => {
  const h = await harness();
  const names = ['vm-1', 'inst-550e84-a1b2c3d4', 'tw-550e84-a1b2c3d4'];

  for (const name of names) expect((await insert(h, name)).status).toBe(200);

  const calls = await h.called('sync', 2);
  const entries = calls.map((call) => JSON.parse(textOf(call)) as AuditEntry);
  const heard = entries.map(({ protoPayload }) => protoPayload.resourceName.split('/').at(-1));
  expect(heard.sort()).toEqual(names.slice(1).sort());
  expect(entries[0]).toMatchObject({
    operation: { last: true },
    protoPayload: { methodName: 'v1.compute.instances.insert' },
    resource: { type: 'gce_instance', labels: { zone: 'us-central1-a' } },
  });
});

function insert(h: Awaited<ReturnType<typeof harness>>, name: string): Promise<Response> {
  return fetch(
    `http://${h.connection.emulators.compute}/compute/v1/projects/${LOCAL_PROJECT}/zones/us-central1-a/instances`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        name,
        machineType: 'zones/us-central1-a/machineTypes/n1-standard-1',
        disks: [
          {
            boot: true,
            initializeParams: { sourceImage: 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts' },
          },
        ],
        networkInterfaces: [{ network: 'global/networks/default' }],
      }),
    },
  );
}

test('the scheduled function is called at the start and when the clock has moved past its time', async () => {
  const h = await harness();
  await h.called('sweep', 1);

  await vi.waitFor(
    async () => {
      await h.advance(3600);
      expect(h.told('sweep').length).toBeGreaterThan(1);
    },
    { timeout: 60_000 },
  );

  expect(h.told('sweep')[0]?.authorization).toMatch(/^Bearer /);
});

test('a function sees a moved clock as soon as the move is answered', async () => {
  const h = await harness();
  const ask = async () => (await (await fetch(`${h.connection.baseUrl}/ask`)).json()) as Told;
  const before = await ask();

  await h.advance(86_400);

  expect((await ask()).nowMs - before.nowMs).toBeGreaterThanOrEqual(86_400_000);
});
