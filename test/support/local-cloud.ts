import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { Connection, PrincipalName } from '#scripts/local/state/connection.ts';
import type { Fault } from '#scripts/emulators/faults.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** On a machine that does much else. Far more than the 3 s that are promised for one that does not. */
const READY_MS_MAX = 60_000;
const EXIT_MS_MAX = 5_000;
const POLL_MS = 20;

export interface LocalCloudSettings {
  /** More arguments of `npm start`: `['--function-processes', '8']`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A state folder of the caller's own; by default a new one that is removed in the end. */
  readonly stateFolder?: string;
  /** 0, the default, is any free one. */
  readonly port?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed when it is JSON, text otherwise; `undefined` when there is none. */
  readonly body: unknown;
}

export interface RequestSettings {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One mutating call that reached Compute Engine, as `GET /calls` tells it. */
export interface CloudCall {
  readonly method: string;
  readonly zone: string;
  readonly instance: string;
  /** `null` for a call that had none. */
  readonly requestId: string | null;
  readonly time: string;
  readonly outcome: 'applied' | 'replayed' | 'refused';
  readonly status: number;
  /** Code that the call's operation ended with, where it failed. */
  readonly operationError?: string;
}

/** A disk as Compute Engine shows it, the part of it that tests look at. */
export interface SeenDisk {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** URLs of the VMs that have it. */
  readonly users?: readonly string[];
}

/** Compute Engine's Instance resource, the part of it that tests look at. */
export interface Machine {
  readonly name: string;
  readonly status: string;
  readonly zone: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Starts a local cloud for one test and ends it with the test. */
export async function startLocalCloud(settings: LocalCloudSettings = {}): Promise<LocalCloudProcess> {
  const cloud = new LocalCloudProcess(settings);
  onTestFinished(() => cloud.dispose());
  await cloud.start();
  return cloud;
}

/** One local cloud for all tests of a file or `describe`: to be called there, and asked for inside of tests. */
export function sharedLocalCloud(settings: LocalCloudSettings = {}): () => LocalCloudProcess {
  const cloud = new LocalCloudProcess(settings);
  beforeAll(() => cloud.start(), READY_MS_MAX);
  afterAll(() => cloud.dispose());
  return () => cloud;
}

/** What `npm start` runs, as a process of its own, with its connection file read. */
export class LocalCloudProcess {
  readonly stateFolder: string;
  readonly #settings: LocalCloudSettings;
  #port: number;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(settings: LocalCloudSettings) {
    this.#settings = settings;
    this.#port = settings.port ?? 0;
    this.stateFolder = settings.stateFolder ?? mkdtempSync(join(tmpdir(), 'local-cloud-'));
  }

  get connection(): Connection {
    return JSON.parse(readFileSync(join(this.stateFolder, 'connection.json'), 'utf8')) as Connection;
  }

  get baseUrl(): string {
    return this.connection.baseUrl;
  }

  /** Everything that it has printed since it was last started. */
  get output(): string {
    return this.#output;
  }

  get processes(): { readonly main: number; readonly functionHosts: readonly number[] } {
    return JSON.parse(readFileSync(join(this.stateFolder, 'processes.json'), 'utf8')) as LocalCloudProcess['processes'];
  }

  /** Resolves when `/healthz` is 200; again after a stop, with the same port. */
  async start(extraArgs: readonly string[] = []): Promise<void> {
    this.#output = '';
    const where = ['--port', String(this.#port), '--state-dir', this.stateFolder];
    // Loading all functions takes some ten seconds of processor time, and most tests ask few of them.
    const args = [...where, '--no-preload', ...(this.#settings.args ?? [])];
    const child = spawn(process.execPath, [join(REPOSITORY, 'scripts', 'local', 'index.ts'), ...args, ...extraArgs], {
      cwd: REPOSITORY,
      env: { ...process.env, ...this.#settings.env },
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

  /** As Ctrl-C does; resolves with the exit code when all its processes have ended. */
  stop(signal: 'SIGINT' | 'SIGTERM' = 'SIGTERM'): Promise<number | null> {
    return this.#end(signal);
  }

  /** Kills it where it stands. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Kills the function hosts where they stand; they are started again by themselves. */
  killFunctionHosts(): void {
    for (const pid of this.processes.functionHosts) signalIfAlive(pid, 'SIGKILL');
  }

  /** Ends it if it runs, and removes its state if that was made for it. */
  async dispose(): Promise<void> {
    await this.kill9();
    if (this.#settings.stateFolder === undefined) rmSync(this.stateFolder, { recursive: true, force: true });
  }

  /** A request as one of the principals, by their key, or without a credential. Objects are sent as JSON, text as it is. */
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

  /** The headers that prove a principal. */
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

  /** The time that everything in the local cloud goes by, epoch ms. */
  async nowMs(): Promise<number> {
    const { body } = await this.control('POST', '/clock', { advanceSeconds: 0 });
    return Date.parse((body as { readonly now: string }).now);
  }

  async drift(instance: string, action: 'stop' | 'start' | 'delete' | 'preempt'): Promise<void> {
    await this.#controlOk('POST', '/drift', { instance, action });
  }

  /** Any call of the control interface. */
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
      // It did not get as far as starting any.
      return [];
    }
  }
}

/** Polls until `probe` answers something else than `undefined`; the test's own timeout is the limit. */
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

/** Waits for a process that is about to end by itself, and helps in the end. */
async function endProcess(pid: number): Promise<void> {
  const helpAtMs = performance.now() + EXIT_MS_MAX;
  while (isRunning(pid)) {
    if (performance.now() > helpAtMs) signalIfAlive(pid, 'SIGKILL');
    await sleep(POLL_MS);
  }
}

/** False for one that has ended and only waits for its parent, or for init in its place, to take notice. */
export function isRunning(pid: number): boolean {
  if (!signalIfAlive(pid, 0)) return false;
  try {
    const [, state] = /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state !== 'Z';
  } catch {
    // It has ended just now, or this system has no /proc and the signal was all there is to know.
    return signalIfAlive(pid, 0);
  }
}

function signalIfAlive(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    // It has ended.
    return false;
  }
}
