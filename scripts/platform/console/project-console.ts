import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  differences,
  type MachineLine,
  machineLines,
  machinePage,
  type Vm,
  vmOfMachine,
} from '#scripts/local/console/console-model.ts';
import { isOwnPage, servePageFile } from '#scripts/local/console/page-files.ts';
import { listDeadLetters } from '#shared/actions/dead-letters.ts';
import { listOperations } from '#shared/actions/list-open-operations.ts';
import { ALL_INSTANCES, EVENTS_OF_INSTANCE, listedOperations } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface ProjectConsoleOptions extends Pick<Tools, 'store' | 'compute' | 'nowMs'> {
  /** Where it looks, in words. */
  readonly title: string;
  /** 0: any free port. */
  readonly port: number;
}

interface Compared {
  readonly atMs: number;
  readonly lines: readonly MachineLine[];
  readonly vms: ReadonlyMap<string, Vm>;
}

/** All records and all VMs are read at most so often, however many pages look: reads of Datastore are paid for. */
const COMPARED_FOR_MS = 60_000;
const ROWS_PER_READ = 500;
const SHOWN_MAX = 100;

/**
 * The console's page over a project: records, VMs, operations, history. It reads, and has no way to change anything: no
 * handler writes, and methods other than GET are refused. Only this machine reaches it.
 */
export class ProjectConsole {
  readonly #options: ProjectConsoleOptions;
  readonly #handlers: Readonly<Record<string, (query: URLSearchParams) => Promise<unknown>>>;
  #server: Server | undefined;
  #compared: Promise<Compared> | undefined;
  #comparedAtMs = 0;

  constructor(options: ProjectConsoleOptions) {
    this.#options = options;
    this.#handlers = {
      '/console/overview': () => this.#overview(),
      '/console/machines': async (query) => machinePage((await this.#compare()).lines, query),
      '/console/machine': (query) => this.#machine(query.get('id') ?? ''),
      '/console/operations': () => this.#operations(),
      '/console/log': async () => [],
    };
  }

  /** `127.0.0.1:PORT`; only after `start`. */
  get address(): string {
    const { port } = this.#server?.address() as AddressInfo;
    return `127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      // What is no path at all cannot be looked for.
      this.#serve(request, response).catch(() => send(response, 400, { error: 'This is no request for the console.' }));
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#options.port, '127.0.0.1', resolve);
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (!isOwnPage(request, this.address)) {
      send(response, 403, { error: 'The console is not for web pages of another origin.' });
    } else if (request.method !== 'GET') {
      response.setHeader('allow', 'GET');
      send(response, 405, { error: 'This console reads, and changes nothing. `npm run platform` changes things.' });
    } else if (!servePageFile(url.pathname, response)) {
      const handler = Object.hasOwn(this.#handlers, url.pathname) ? this.#handlers[url.pathname] : undefined;
      const [status, body] = handler === undefined ? NOT_THERE : await answerOf(() => handler(url.searchParams));
      send(response, status, body);
    }
  }

  async #overview(): Promise<unknown> {
    const { store, nowMs, title } = this.#options;
    const [{ lines, atMs }, open, letters] = await Promise.all([
      this.#compare(),
      listOperations('open', { limit: ROWS_PER_READ }, { store, nowMs }),
      listDeadLetters({ limit: ROWS_PER_READ }, { store }),
    ]);
    return {
      title,
      readOnly: true,
      now: new Date(nowMs()).toISOString(),
      comparedAt: new Date(atMs).toISOString(),
      machines: lines.length,
      differing: lines.filter((line) => line.differences.length > 0).length,
      openOperations: open.operations.length,
      deadLetters: letters.letters.length,
      hasRecords: true,
      driftActions: [],
    };
  }

  /** Read now, unlike the table. */
  async #machine(id: string): Promise<unknown> {
    const { store, compute } = this.#options;
    const filter = { instanceId: { stringValue: id } };
    const [row, operations, events] = await Promise.all([
      store.get(ref(INSTANCE, id)),
      store.query(listedOperations(new Set(['instanceId'])), filter, { limit: SHOWN_MAX }),
      store.query(EVENTS_OF_INSTANCE, filter, { limit: SHOWN_MAX }),
    ]);
    const record = row?.value;
    const zone = record?.zone ?? (await this.#compare()).vms.get(id)?.zone;
    const machine = zone === undefined ? undefined : await compute.get({ zone, name: id });
    const vm = machine && vmOfMachine(machine);
    if (record === undefined && vm === undefined)
      throw new Failure('not_found', `There is no machine ${id}.`, { reason: 'instance_not_found' });
    return {
      id,
      record: record ?? null,
      vm: vm ?? null,
      differences: differences(record, vm),
      operations: operations.rows.map(({ value }) => value),
      history: events.rows.map(({ value }) => value),
      // Compute Engine keeps them in its audit log.
      calls: null,
    };
  }

  async #operations(): Promise<unknown> {
    const { store, nowMs } = this.#options;
    const page = { limit: SHOWN_MAX };
    const [open, newest, { letters }] = await Promise.all([
      listOperations('open', page, { store, nowMs }),
      store.query(listedOperations(new Set()), {}, page),
      listDeadLetters(page, { store }),
    ]);
    const ended = newest.rows.map(({ value }) => value).filter(({ completedAtMs }) => completedAtMs !== null);
    return {
      operations: [...open.operations.toReversed(), ...ended],
      deadLetters: letters.map(({ id, letter }) => ({ id, ...letter })),
    };
  }

  /** What fails is asked again by the next page that looks. */
  async #compare(): Promise<Compared> {
    const nowMs = this.#options.nowMs();
    if (this.#compared !== undefined && nowMs - this.#comparedAtMs < COMPARED_FOR_MS) return this.#compared;
    this.#comparedAtMs = nowMs;
    const compared = this.#readAll(nowMs);
    this.#compared = compared;
    compared.catch(() => {
      if (this.#compared === compared) this.#compared = undefined;
    });
    return compared;
  }

  async #readAll(atMs: number): Promise<Compared> {
    const [records, vms] = await Promise.all([this.#records(), this.#vms()]);
    return { atMs, lines: machineLines(records, vms), vms: new Map(vms.map((vm) => [vm.name, vm])) };
  }

  async #records(): Promise<readonly Instance[]> {
    const records: Instance[] = [];
    let cursor: string | undefined;
    do {
      const page = { limit: ROWS_PER_READ, ...(cursor === undefined ? {} : { cursor }) };
      const found = await this.#options.store.query(ALL_INSTANCES, {}, page);
      records.push(...found.rows.map(({ value }) => value));
      cursor = found.cursor;
    } while (cursor !== undefined);
    return records;
  }

  async #vms(): Promise<readonly Vm[]> {
    const vms: Vm[] = [];
    for await (const machines of this.#options.compute.list()) vms.push(...machines.map(vmOfMachine));
    return vms;
  }
}

type Answer = readonly [status: number, body: unknown];

const NOT_THERE: Answer = [404, { error: 'There is no such thing here. The page is at /console.' }];

async function answerOf(ask: () => Promise<unknown>): Promise<Answer> {
  try {
    return [200, await ask()];
  } catch (thrown) {
    const { kind, message, cause } = Failure.from(thrown);
    if (kind === 'not_found') return [404, { error: message }];
    // The operator's own credentials were used: nothing of the cause is a secret to them.
    return [502, { error: cause instanceof Error ? cause.message : message }];
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
