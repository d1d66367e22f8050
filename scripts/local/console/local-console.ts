import type { ServerResponse } from 'node:http';
import type { ShiftableClock } from '#scripts/emulators/clock.ts';
import { DRIFT_ACTIONS, type ComputeEmulator } from '#scripts/emulators/compute/compute-emulator.ts';
import { FAULT_METHODS, type Faults } from '#scripts/emulators/faults.ts';
import { ControlError, readMembers } from '#scripts/local/control-values.ts';
import { PRINCIPAL_NAMES, type LocalPrincipals } from '#scripts/local/state/connection.ts';
import { DEAD_LETTER } from '#shared/datastore/bookkeeping-rows.ts';
import { EVENT, INSTANCE, OPERATION } from '#shared/datastore/rows.ts';
import type { Kind } from '#shared/datastore/kind.ts';
import { askApi } from './ask-api.ts';
import { differences, type MachineLine, machineLines, machinePage, operationLines, vmOf } from './console-model.ts';
import type { ConsoleRow, ConsoleRows } from './console-rows.ts';
import { LogStream } from './log-stream.ts';
import { servePageFile } from './page-files.ts';
import { SnapshotError, type Snapshots } from './snapshots.ts';

export interface LocalConsoleOptions {
  readonly compute: Pick<ComputeEmulator, 'calls' | 'machines'>;
  /** `undefined` if Google's emulator holds the records; the console then shows VMs only. */
  readonly rows: ConsoleRows | undefined;
  readonly faults: Faults;
  readonly clock: ShiftableClock;
  readonly snapshots: Snapshots;
  /** Returns the address and users of the cloud; `undefined` until everything is ready. */
  readonly connection: () => { readonly baseUrl: string; readonly principals: LocalPrincipals } | undefined;
  /** Restarts the cloud on a snapshot; called after the response was sent. */
  readonly onLoad: (snapshot: string) => void;
}

const OPERATIONS_SHOWN = 100;
/** Calls shown for one machine. */
const CALLS_SHOWN = 100;
/** Machines and records are compared at most this often, however many pages are open. */
const COMPARED_FOR_MS = 500;

type Handler = (query: URLSearchParams, body: unknown) => unknown;

/** The page of the control interface that shows the local cloud's state and injects faults. */
export class LocalConsole {
  readonly #options: LocalConsoleOptions;
  readonly #log = new LogStream();
  readonly #handlers: Readonly<Record<string, Handler>>;
  #compared: { readonly atMs: number; readonly lines: readonly MachineLine[] } | undefined;

  constructor(options: LocalConsoleOptions) {
    this.#options = options;
    this.#handlers = {
      'GET /console/overview': () => this.#overview(),
      'GET /console/machines': (query) => this.#machines(query),
      'GET /console/machine': (query) => this.#machine(query.get('id') ?? ''),
      'GET /console/operations': () => this.#operations(),
      'GET /console/log': () => this.#log.recent(),
      'POST /console/request': (_, body) => this.#request(body),
      'POST /console/snapshots': (_, body) => this.#save(body),
      'POST /console/snapshots/load': (_, body) => this.#load(body),
    };
  }

  /** Receives a line that a function wrote. */
  take(line: string): void {
    this.#log.take(line);
  }

  /** Ends the event streams of open pages. */
  close(): void {
    this.#log.close();
  }

  /** Serves the page's files and its stream of log lines. False if the path is neither. */
  serveFile(method: string, pathname: string, response: ServerResponse): boolean {
    if (method !== 'GET') return false;
    if (pathname === '/console/events') {
      this.#log.open(response);
      return true;
    }
    return servePageFile(pathname, response);
  }

  /** Returns the handler of a request of the page; `undefined` if there is none for this path. */
  handlerOf(method: string, url: URL): ((body: unknown) => unknown) | undefined {
    const key = `${method} ${url.pathname}`;
    const handler = Object.hasOwn(this.#handlers, key) ? this.#handlers[key] : undefined;
    return handler && ((body) => handler(url.searchParams, body));
  }

  #overview(): unknown {
    const { clock, faults, snapshots, rows, connection } = this.#options;
    const lines = this.#lines();
    const known = connection();
    return {
      now: new Date(clock.nowMs()).toISOString(),
      offsetSeconds: clock.offsetMs / 1000,
      title: 'Local cloud',
      readOnly: false,
      baseUrl: known?.baseUrl ?? '',
      machines: lines.length,
      differing: lines.filter((line) => line.differences.length > 0).length,
      openOperations: this.#read(OPERATION).filter(({ value }) => value.completedAtMs === null).length,
      deadLetters: this.#read(DEAD_LETTER).length,
      hasRecords: rows !== undefined,
      faults: faults.list(),
      faultMethods: FAULT_METHODS,
      driftActions: DRIFT_ACTIONS,
      principals: PRINCIPAL_NAMES.map((name) => ({ name, ...known?.principals[name] })),
      snapshots: snapshots.list(),
    };
  }

  #machines(query: URLSearchParams): unknown {
    return machinePage(this.#lines(), query);
  }

  #machine(id: string): unknown {
    const record = this.#read(INSTANCE, 'id', id)[0]?.value;
    const found = this.#options.compute.machines().find(({ name }) => name === id);
    const vm = found && vmOf(found);
    if (record === undefined && vm === undefined) throw new ControlError(404, `There is no machine ${id}.`);
    const operations = this.#read(OPERATION, 'instanceId', id).map(({ value }) => value);
    const events = this.#read(EVENT, 'instanceId', id).map(({ value }) => value);
    return {
      id,
      record: record ?? null,
      vm: vm ?? null,
      differences: differences(record, vm),
      operations: operationLines(operations, OPERATIONS_SHOWN),
      history: [...events].sort((a, b) => b.sequence - a.sequence),
      calls: this.#options.compute
        .calls()
        .filter(({ instance }) => instance === id)
        .slice(-CALLS_SHOWN)
        .reverse(),
    };
  }

  #operations(): unknown {
    const operations = this.#read(OPERATION).map(({ value }) => value);
    return {
      operations: operationLines(operations, OPERATIONS_SHOWN),
      deadLetters: this.#read(DEAD_LETTER).map(({ id, value }) => ({ id, ...value })),
    };
  }

  /** Sends a request to the API as one of the local users, like the curl command that the page shows. */
  async #request(body: unknown): Promise<unknown> {
    const known = this.#options.connection();
    if (known === undefined) throw new ControlError(503, 'The gateway is not ready yet.');
    return askApi(body, known);
  }

  #save(body: unknown): unknown {
    const { name } = readMembers(body, 'The body', ['name']);
    return this.#withSnapshots((snapshots) => {
      snapshots.save(typeof name === 'string' ? name : '');
      return snapshots.list();
    });
  }

  #load(body: unknown): unknown {
    const { name } = readMembers(body, 'The body', ['name']);
    return this.#withSnapshots((snapshots) => {
      const wanted = typeof name === 'string' ? name : '';
      snapshots.require(wanted);
      // After the response, because the cloud that sends it is the one to be stopped.
      setImmediate(() => this.#options.onLoad(wanted));
      return { loading: wanted };
    });
  }

  #withSnapshots(work: (snapshots: Snapshots) => unknown): unknown {
    try {
      return work(this.#options.snapshots);
    } catch (thrown) {
      if (thrown instanceof SnapshotError) throw new ControlError(400, thrown.message);
      throw thrown;
    }
  }

  #lines(): readonly MachineLine[] {
    if (this.#compared === undefined || performance.now() - this.#compared.atMs > COMPARED_FOR_MS) {
      const records = this.#read(INSTANCE).map(({ value }) => value);
      const lines = machineLines(records, this.#options.compute.machines().map(vmOf));
      // The time of the end: with many machines, the next request of the same refresh comes later than the limit.
      this.#compared = { atMs: performance.now(), lines };
    }
    return this.#compared.lines;
  }

  #read<T>(kind: Kind<T>, property?: string, value = ''): readonly ConsoleRow<T>[] {
    return this.#options.rows?.read(kind, property === undefined ? undefined : { property, value }) ?? [];
  }
}
