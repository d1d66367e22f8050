import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { FUNCTIONS_STARTED } from '#scripts/local/functions/function-log.ts';
import { platformLine } from '#scripts/platform/platform-line.ts';
import { CUSTOMER, USER } from '#shared/datastore/account-rows.ts';
import { AUDIT_ENTRY } from '#shared/datastore/audit-rows.ts';
import { JOB_STATE } from '#shared/datastore/bookkeeping-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { COMPOSITE_INDEXES } from '#shared/datastore/indexes.ts';
import { OPERATION } from '#shared/datastore/rows.ts';
import { put } from '#shared/datastore/write.ts';
import { type Operation, pendingOperation } from '#shared/domain/operation.ts';
import { completeLimits } from '#shared/domain/tier.ts';
import { forwardedEntries } from '#shared/http/request.ts';
import { syncInstance } from '#shared/lifecycle/sync-instance.ts';
import { CustomersAtWork } from '#shared/workers/customers-at-work.ts';
import { runOperation } from '#shared/workers/run-operation.ts';
import { JOB as SWEEP_JOB } from '#shared/workers/sweep-report.ts';
import { anInstance } from '#test/support/an-instance.ts';
import { cloudAndRecords, type CloudAndRecordsOptions, OUR_LABEL } from '#test/support/cloud-and-records.ts';
import { PROJECT } from '#test/support/compute-cloud.ts';
import { runLine } from '#test/support/run-line.ts';
import { runRepair } from './run-repair.ts';

export const ID = 'tw-550e84-a1b2c3d4';

/** What `doctor --json` prints. */
export interface Findings {
  readonly findings: readonly {
    readonly severity: string;
    readonly check: string;
    readonly finding: string;
    readonly repair: string;
  }[];
}

/** The operators' desk over emulators in this process: one running machine of customer acme, ten minutes old. */
export async function aDesk(options: CloudAndRecordsOptions = {}) {
  const world = await cloudAndRecords({ bootSeconds: 1, stopSeconds: 1, ...options });
  const { cloud, store, tools } = world;
  const folder = mkdtempSync(path.join(tmpdir(), 'desk-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await cloud.insert(ID, { labels: OUR_LABEL });
  const machine = { ...anInstance().machine, machineType: 'e2-medium' };
  await world.put(anInstance({ id: ID, machine }));
  await store.write([
    put(TIER, 'pro', { name: 'pro', maxInstances: 3, maxVolumeGb: 100, perMinute: completeLimits({ create: 10 }) }),
    put(CUSTOMER, 'acme', { id: 'acme', name: 'Acme', tier: 'pro' }),
    put(USER, anInstance().userId, {
      id: anInstance().userId,
      customerId: 'acme',
      name: 'Alice',
      projects: [],
      groups: ['group1'],
      roles: [],
      createdAtMs: 1,
    }),
  ]);
  /** Moves the clock that emulators, tools and command lines share. */
  const advance = (seconds: number) => {
    cloud.clock.advance(seconds);
    writeFileSync(path.join(folder, 'clock.json'), JSON.stringify({ offsetMs: cloud.clock.nowMs() - Date.now() }));
  };
  advance(600);
  await syncInstance(ID, { cause: 'drift' }, tools);
  const environment = {
    GOOGLE_CLOUD_PROJECT: PROJECT,
    DATASTORE_EMULATOR_HOST: world.datastoreAddress,
    COMPUTE_EMULATOR_HOST: cloud.emulator.address,
    DEPLOYMENT: 'test',
    LOCAL_STATE_DIR: folder,
  };
  /** What the functions of a deployment are: where their clock is, what they were started with, and how they answer. */
  const functions = { clockAheadMs: 0, forwardedHops: 2, status: 401, faults: [] as object[] };
  const swept = () =>
    store.write([put(JOB_STATE, SWEEP_JOB, { cursor: '1', ranAtMs: tools.nowMs() + functions.clockAheadMs })]);
  await swept();
  const atWork = new CustomersAtWork();
  const run = (...args: readonly string[]) => runLine(platformLine, args, environment);
  return {
    ...world,
    advance,
    swept,
    run,
    environment,
    /** Runs a command with `--local` on the same emulators; it reads the files that `localCloud` has written. */
    runLocal: (...args: readonly string[]) => run(...args, '--local', '--state-dir', folder, '--project', PROJECT),
    /**
     * Writes the files that a local cloud leaves: its addresses and the log of its functions. Returns the log, the number
     * of proxies that its functions are configured for, and the faults that are in force.
     */
    localCloud: () =>
      localCloudIn(folder, { datastore: world.datastoreAddress, compute: cloud.emulator.address }, functions),
    functions,
    /** Runs a command that a finding or the runbook names: `npm run PROGRAM -- …`, as an operator would paste it. */
    repair: (command: string) =>
      runRepair(command, {
        environment,
        folder,
        // A deployment makes the declared indexes, and starts the functions anew: the sweep is one of them.
        onDeployed: async () => {
          world.datastore.declareIndexes(COMPOSITE_INDEXES);
          functions.clockAheadMs = 0;
          await swept();
        },
      }),
    /** The findings of `doctor`. */
    doctor: async () => JSON.parse((await run('doctor', '--json')).stdout) as Findings,
    audited: async () => (await world.all(AUDIT_ENTRY)).map(({ value }) => value.action),
    /** Stores an operation on the machine, first in its queue. */
    accepted: async (kind: 'start' | 'stop' | 'reset', changes: Partial<Operation> = {}) => {
      const instance = (await world.instance(ID)) ?? anInstance({ id: ID });
      const made = { actor: { type: 'user', id: 'alice' }, requestId: 'request-1', atMs: tools.nowMs() } as const;
      const operation = { ...pendingOperation(kind, instance, { ...made, id: 'op-1' }), ...changes };
      await world.put({ ...instance, queue: [{ id: 'op-1', kind }] });
      await store.write([put(OPERATION, 'op-1', operation)]);
    },
    /** Delivers the operation's message until the operation has ended. */
    work: async (operationId: string) => {
      for (let delivery = 1; delivery <= 20; delivery += 1) {
        await runOperation({ operationId, instanceId: ID }, tools, {
          worker: `worker-${delivery}`,
          waitMs: 0,
          atWork,
        });
        const state = (await world.operation(operationId))?.state;
        if (state === 'completed' || state === 'failed') return state;
        advance(60);
      }
      return 'open';
    },
  };
}

/** A gateway with one function behind it that logs whose address it saw, and the control interface. */
async function localCloudIn(
  folder: string,
  emulators: { readonly datastore: string; readonly compute: string },
  settings: { forwardedHops: number; status: number; faults: object[] },
) {
  const logFile = path.join(folder, 'logs', 'functions.log');
  const log = (line: object) => appendFileSync(logFile, `${JSON.stringify(line)}\n`);
  const server = createServer(({ url, method, headers, socket }, response) => {
    if (url === '/faults') {
      if (method === 'DELETE') settings.faults = [];
      response.end(JSON.stringify(settings.faults));
      return;
    }
    if (url === '/deploy') {
      settings.forwardedHops = 2;
      settings.status = 401;
      log({ message: FUNCTIONS_STARTED });
      response.end(JSON.stringify({ functions: 1, indexes: 0 }));
      return;
    }
    // The gateway adds the address that it sees, and its own.
    const sent = headers['x-forwarded-for'];
    const added = [socket.remoteAddress, socket.localAddress].join(', ');
    const forwarded = { headers: { 'x-forwarded-for': sent === undefined ? added : `${String(sent)}, ${added}` } };
    log({
      message: 'request served',
      requestId: headers['x-request-id'],
      forwardedEntries: forwardedEntries(forwarded),
      forwardedHops: settings.forwardedHops,
    });
    response.writeHead(settings.status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  mkdirSync(path.dirname(logFile), { recursive: true });
  writeFileSync(logFile, '');
  writeFileSync(path.join(folder, 'connection.json'), JSON.stringify({ baseUrl, control: baseUrl, emulators }));
  return { settings, log };
}
