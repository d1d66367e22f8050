import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { Connection, LocalPrincipals, PrincipalName } from '#scripts/local/state/connection.ts';
import type { Fault } from '#scripts/emulators/faults.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** The folder that the program itself names, but only once its first modules are compiled. */
const COMPILE_CACHE = join(REPOSITORY, 'node_modules', '.cache', 'local-cloud');

/** For a busy machine; on an idle one a start takes at most 3 s. */
const READY_MS_MAX = 240_000;
const EXIT_MS_MAX = 15_000;
const POLL_MS = 20;

export interface LocalCloudSettings {
  /** Further arguments of `npm start`, such as `['--function-processes', '8']`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** An existing state folder; by default a new one, which `dispose` removes. */
  readonly stateFolder?: string;
  /** Default 0: any free port. */
  readonly port?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed if it is JSON, otherwise text; `undefined` for an empty body. */
  readonly body: unknown;
}

export interface RequestSettings {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A mutating call that reached Compute Engine, as `GET /calls` shows it. */
export interface CloudCall {
  readonly method: string;
  readonly zone: string;
  readonly instance: string;
  /** `null` for a call without a requestId. */
  readonly requestId: string | null;
  readonly time: string;
  readonly outcome: 'applied' | 'replayed' | 'refused';
  readonly status: number;
  /** Error code of the call's operation, if that failed. */
  readonly operationError?: string;
}

/** The members of a Disk resource that tests read. */
export interface SeenDisk {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** URLs of the VMs that the disk is attached to. */
  readonly users?: readonly string[];
}

/** The members of an Instance resource that tests read. */
export interface Machine {
  readonly name: string;
  readonly status: string;
  readonly zone: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Starts a local cloud for one test and stops it when the test ends. */
export async function startLocalCloud(settings: LocalCloudSettings = {}): Promise<LocalCloudProcess> {
  const cloud = new LocalCloudProcess(settings);
  onTestFinished(() => cloud.dispose());
  await cloud.start();
  return cloud;
}

/**
 * Starts one local cloud for all tests of a file or `describe`. Call it there, and use the returned function inside
 * tests.
 */
export function sharedLocalCloud(settings: LocalCloudSettings = {}): () => LocalCloudProcess {
  const cloud = new LocalCloudProcess(settings);
  beforeAll(() => cloud.start(), READY_MS_MAX);
  afterAll(() => cloud.dispose());
  return () => cloud;
}

/** Runs `npm start`'s program in a process of its own, and reads its connection file. */
export class LocalCloudProcess {
  readonly stateFolder: string;
  readonly #settings: LocalCloudSettings;
  #port: number;
  #child: ChildProcess | undefined;
  #output = '';
  #people: LocalPrincipals | undefined;

  constructor(settings: LocalCloudSettings) {
    this.#settings = settings;
    this.#port = settings.port ?? 0;
    this.stateFolder = settings.stateFolder ?? mkdtempSync(join(tmpdir(), 'local-cloud-'));
  }

  get connection(): Connection {
    const { firstConnection } = this;
    return this.#people === undefined ? firstConnection : { ...firstConnection, principals: this.#people };
  }

  /** The connection with the users whom the local cloud has from its first start. */
  get firstConnection(): Connection {
    return JSON.parse(readFileSync(join(this.stateFolder, 'connection.json'), 'utf8')) as Connection;
  }

  /** From now on, requests of alice, bob, carol and admin are those of these users. */
  actAs(people: LocalPrincipals): void {
    this.#people = people;
  }

  get baseUrl(): string {
    return this.connection.baseUrl;
  }

  /** Everything that the process has printed since its last start. */
  get output(): string {
    return this.#output;
  }

  get processes(): { readonly main: number; readonly functionHosts: readonly number[] } {
    return JSON.parse(readFileSync(join(this.stateFolder, 'processes.json'), 'utf8')) as LocalCloudProcess['processes'];
  }

  /** Resolves once `/healthz` is 200. May be called again after a stop and then uses the same port. */
  async start(extraArgs: readonly string[] = []): Promise<void> {
    this.#output = '';
    const where = ['--port', String(this.#port), '--state-dir', this.stateFolder];
    // Loading all functions takes some ten seconds of processor time, and most tests call only few of them.
    const args = [...where, '--no-preload', ...(this.#settings.args ?? [])];
    const child = spawn(process.execPath, [join(REPOSITORY, 'scripts', 'local', 'index.ts'), ...args, ...extraArgs], {
      cwd: REPOSITORY,
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, ...this.#settings.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stdout.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    const giveUpAtMs = performance.now() + READY_MS_MAX;
    while (!/runs at (http\S+)/.test(this.#output)) {
      if (hasEnded(child)) throw new Error(`The local cloud ended instead of starting: ${this.#output}`);
      if (performance.now() > giveUpAtMs) throw new Error(`The local cloud is not ready: ${this.#output}`);
      await sleep(POLL_MS);
    }
    this.#port = Number(new URL(this.baseUrl).port);
    const health = await fetch(`${this.baseUrl}/healthz`);
    if (health.status !== 200)
      throw new Error(`The local cloud says that it is ready, but /healthz is ${health.status}.`);
  }

  /** Stops the process as Ctrl-C does; resolves with the exit code once all its processes have ended. */
  stop(signal: 'SIGINT' | 'SIGTERM' = 'SIGTERM'): Promise<number | null> {
    return this.#end(signal);
  }

  /** Kills the main process without warning. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Kills the function hosts without warning; the local cloud restarts them. */
  killFunctionHosts(): void {
    for (const pid of this.processes.functionHosts) signalIfAlive(pid, 'SIGKILL');
  }

  /** Kills the process if it runs, and removes its state folder if that was created for it. */
  async dispose(): Promise<void> {
    await this.kill9();
    if (this.#settings.stateFolder === undefined) rmSync(this.stateFolder, { recursive: true, force: true });
  }

  /** Does what `dispose` does, without waiting: for a process that is about to end. */
  abandon(): void {
    this.#child?.kill('SIGKILL');
    if (this.#settings.stateFolder === undefined) rmSync(this.stateFolder, { recursive: true, force: true });
  }

  /** Sends a request with a principal's key, or without a credential. Objects are sent as JSON, text unchanged. */
  async request(
    principal: PrincipalName | undefined,
    method: string,
    path: string,
    { body, headers = {} }: RequestSettings = {},
  ): Promise<Answer> {
    const credentials = principal === undefined ? {} : this.credentials(principal);
    const response = await fetch(this.baseUrl + path, {
      method,
      headers: {
        ...credentials,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return toAnswer(response);
  }

  /** Returns the headers with a principal's key. */
  credentials(principal: PrincipalName): Record<string, string> {
    const { apiKey, apiSecret } = this.connection.principals[principal];
    return { 'api-key': apiKey, 'api-secret': apiSecret };
  }

  async calls(): Promise<readonly CloudCall[]> {
    return (await this.control('GET', '/calls')).body as readonly CloudCall[];
  }

  async machines(): Promise<readonly Machine[]> {
    return (await this.control('GET', '/machines')).body as readonly Machine[];
  }

  async disks(): Promise<readonly SeenDisk[]> {
    return (await this.control('GET', '/disks')).body as readonly SeenDisk[];
  }

  async addFaults(...faults: readonly Fault[]): Promise<void> {
    await this.#controlOk('POST', '/faults', faults);
  }

  async clearFaults(): Promise<void> {
    await this.#controlOk('DELETE', '/faults');
  }

  async advance(advanceSeconds: number): Promise<void> {
    await this.#controlOk('POST', '/clock', { advanceSeconds });
  }

  /** Returns the time of the local cloud's shared clock, epoch ms. */
  async nowMs(): Promise<number> {
    const { body } = await this.control('POST', '/clock', { advanceSeconds: 0 });
    return Date.parse((body as { readonly now: string }).now);
  }

  async drift(instance: string, action: 'stop' | 'start' | 'delete' | 'preempt'): Promise<void> {
    await this.#controlOk('POST', '/drift', { instance, action });
  }

  /** Calls the control interface. */
  async control(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.connection.control + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return toAnswer(response);
  }

  async #controlOk(method: string, path: string, body?: unknown): Promise<void> {
    const answer = await this.control(method, path, body);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  async #end(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return null;
    const hosts = this.#hostsOf(child);
    if (!hasEnded(child)) {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), EXIT_MS_MAX);
      await exited;
      clearTimeout(late);
    }
    await Promise.all(hosts.map(endProcess));
    return child.exitCode;
  }

  #hostsOf(child: ChildProcess): readonly number[] {
    try {
      const { main, functionHosts } = this.processes;
      return main === child.pid ? functionHosts : [];
    } catch {
      // The process ended before it started any hosts.
      return [];
    }
  }
}

/** Polls until `probe` returns something other than `undefined`; the test's timeout is the only limit. */
export async function eventually<T>(probe: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    await sleep(POLL_MS);
  }
}

async function toAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text) };
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Waits for a process that should end by itself, and kills it if it does not. */
async function endProcess(pid: number): Promise<void> {
  const helpAtMs = performance.now() + EXIT_MS_MAX;
  while (isRunning(pid)) {
    if (performance.now() > helpAtMs) signalIfAlive(pid, 'SIGKILL');
    await sleep(POLL_MS);
  }
}

/** Whether a process runs; false for a zombie, which has ended and whose parent has not noticed yet. */
export function isRunning(pid: number): boolean {
  if (!signalIfAlive(pid, 0)) return false;
  try {
    const [, state] = /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state !== 'Z';
  } catch {
    // The process has just ended, or this system has no /proc, so the signal decides alone.
    return signalIfAlive(pid, 0);
  }
}

function signalIfAlive(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    // The process has ended.
    return false;
  }
}
