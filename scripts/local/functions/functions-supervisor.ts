import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { FunctionAddress } from '../gateway/forward.ts';
import type { FromHost, ToHost } from './function-host-messages.ts';

const HOST_MODULE = fileURLToPath(new URL('function-host.ts', import.meta.url));

/** How long a request waits while a host is restarted, which takes some seconds on a busy machine. */
const WAIT_MS = 20_000;

/** Pause before restarting a host that ended before it was ready; doubles up to the maximum. */
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 5_000;

export interface SupervisorOptions {
  /** Names of all functions; their bundles are in `bundlesFolder/NAME/index.js`. */
  readonly functions: readonly string[];
  readonly bundlesFolder: string;
  /** Returns Node.js options for the host of this index (`--inspect=…`). */
  readonly nodeOptions?: (index: number) => readonly string[];
  /** The whole environment of a host process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Number of host processes; requests are distributed over them, round-robin. */
  readonly processes: number;
  /** Returns how far the shared clock is ahead of real time. */
  readonly offsetMs: () => number;
  /** Receives each line that a function writes. */
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Called when a host has started or ended, with the process ids of the running ones. */
  readonly onProcesses: (pids: readonly number[]) => void;
  /** Receives problems that the terminal should show. */
  readonly onTrouble: (message: string) => void;
}

/** Keeps the function hosts running, knows the port of each function, and keeps the hosts' clocks right. */
export class FunctionsSupervisor {
  readonly #options: SupervisorOptions;
  readonly #hosts: Host[];
  readonly #waiting = new Set<() => void>();
  #lastHost = 0;
  #exchanges = 0;
  #clockSettled: Promise<unknown> = Promise.resolve();
  #preload = false;
  #stopping = false;
  #environment: Readonly<Record<string, string>>;
  readonly #replaced = new Set<Host>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#environment = options.environment;
    this.#hosts = Array.from({ length: options.processes }, () => new Host());
  }

  /** Names of the functions that it keeps running. */
  get functions(): readonly string[] {
    return this.#options.functions;
  }

  /** Resolves when every host listens. */
  async start(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => this.#launch(host)));
  }

  /** Returns where to send the next request for this function. Waits up to 20 s for a host, then returns `undefined`. */
  readonly resolve = async (name: string): Promise<FunctionAddress | undefined> => {
    await this.#clockSettled;
    const giveUpAtMs = performance.now() + WAIT_MS;
    for (;;) {
      const address = this.#next(name);
      if (address !== undefined || this.#stopping) return address;
      const leftMs = giveUpAtMs - performance.now();
      if (leftMs <= 0) return undefined;
      await this.#change(leftMs);
    }
  };

  /** Resolves when every host uses the new time. Requests that arrive meanwhile wait for that, too. */
  async moveClock(): Promise<void> {
    this.#exchanges += 1;
    const move = this.#exchanges;
    const message = { type: 'clock', offsetMs: this.#options.offsetMs(), move } as const;
    const settled = Promise.all(this.#hosts.map((host) => host.ask(message, move)));
    this.#clockSettled = settled;
    await settled;
  }

  /** Resolves when every host serves the new bundles of these functions. */
  async reload(names: readonly string[]): Promise<void> {
    this.#exchanges += 1;
    const reload = this.#exchanges;
    await Promise.all(this.#hosts.map((host) => host.ask({ type: 'reload', names, reload }, reload)));
  }

  /**
   * Starts every host anew: with this environment, the clock of now, and the bundles that are there. Resolves when all of
   * them listen; requests wait for that. A host that is being started at this moment has all of it already.
   */
  async restart(environment: Readonly<Record<string, string>>): Promise<void> {
    this.#environment = environment;
    await Promise.all(
      this.#hosts
        .filter(({ pid }) => pid !== undefined)
        .map(async (host) => {
          this.#replaced.add(host);
          await host.end();
          this.#replaced.delete(host);
          await this.#launch(host);
        }),
    );
  }

  /** Lets the hosts load all bundles while they have nothing else to do; later ones do so when they are ready. */
  preload(): void {
    this.#preload = true;
    for (const host of this.#hosts) host.say({ type: 'preload' });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#changed();
    await Promise.all(this.#hosts.map((host) => host.end()));
  }

  #next(name: string): FunctionAddress | undefined {
    for (let step = 1; step <= this.#hosts.length; step += 1) {
      const index = (this.#lastHost + step) % this.#hosts.length;
      const port = this.#hosts[index]?.port(name);
      if (port !== undefined) {
        this.#lastHost = index;
        return { host: '127.0.0.1', port };
      }
    }
    return undefined;
  }

  /** Starts a host and restarts it, on the same ports, whenever it ends without being stopped. */
  #launch(host: Host, delayMs = RESTART_MS_MIN): Promise<void> {
    const { functions, bundlesFolder, offsetMs, onLine, onTrouble } = this.#options;
    const child = fork(HOST_MODULE, [], {
      env: this.#environment,
      execArgv: [
        '--disable-warning=ExperimentalWarning',
        ...(this.#options.nodeOptions?.(this.#hosts.indexOf(host)) ?? []),
      ],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    eachLine(child.stdout, (line) => onLine(line, 'stdout'));
    eachLine(child.stderr, (line) => onLine(line, 'stderr'));
    return new Promise((resolve) => {
      const onReady = (): void => {
        if (this.#preload) host.say({ type: 'preload' });
        this.#changed();
        resolve();
      };
      host.adopt(child, onReady, onTrouble);
      host.say({
        type: 'start',
        offsetMs: offsetMs(),
        bundlesFolder,
        functions: functions.map((name) => ({ name, port: host.lastPort(name) })),
      });
      child.once('exit', (code, signal) => {
        const wasReady = host.forget(child);
        this.#changed();
        if (this.#stopping || this.#replaced.has(host)) {
          resolve();
          return;
        }
        onTrouble(`A function host ended (${signal ?? `exit code ${code ?? 'unknown'}`}) and is started again.`);
        const waitMs = wasReady ? 0 : delayMs;
        setTimeout(() => {
          if (this.#stopping) resolve();
          else
            this.#launch(host, wasReady ? RESTART_MS_MIN : Math.min(2 * delayMs, RESTART_MS_MAX)).then(
              resolve,
              resolve,
            );
        }, waitMs);
      });
      this.#tellProcesses();
    });
  }

  #changed(): void {
    this.#tellProcesses();
    for (const wake of this.#waiting) wake();
  }

  #tellProcesses(): void {
    this.#options.onProcesses(this.#hosts.flatMap(({ pid }) => (pid === undefined ? [] : [pid])));
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiting.add(wake);
    });
  }
}

/** The state of one host: its present process, and the ports of its functions. */
class Host {
  #child: ChildProcess | undefined;
  #ports: Readonly<Record<string, number>> = {};
  #ready = false;
  readonly #unanswered = new Map<number, () => void>();

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  port(name: string): number | undefined {
    return this.#ready ? this.#ports[name] : undefined;
  }

  /** Returns the function's last port; 0 if it had none. */
  lastPort(name: string): number {
    return this.#ports[name] ?? 0;
  }

  adopt(child: ChildProcess, onReady: () => void, onTrouble: (message: string) => void): void {
    this.#child = child;
    child.on('error', (error) => onTrouble(`A function host could not be reached: ${error.message}`));
    child.on('message', (sent) => {
      const message = sent as FromHost;
      switch (message.type) {
        case 'ready':
          this.#ports = message.ports;
          this.#ready = true;
          onReady();
          return;
        case 'clock':
          this.#unanswered.get(message.move)?.();
          return;
        case 'reloaded':
          this.#unanswered.get(message.reload)?.();
          return;
        case 'failed':
          onTrouble(`A function host could not start: ${message.message}`);
          child.kill('SIGKILL');
      }
    });
  }

  /** Records that the process has ended. Returns whether it had been ready. */
  forget(child: ChildProcess): boolean {
    if (this.#child !== child) return false;
    const wasReady = this.#ready;
    this.#child = undefined;
    this.#ready = false;
    for (const done of this.#unanswered.values()) done();
    return wasReady;
  }

  say(message: ToHost): void {
    if (this.#child?.connected === true) this.#child.send(message);
  }

  /**
   * Resolves when the process has replied to this message or has ended: its successor starts with the right time and
   * bundles.
   */
  ask(message: ToHost, exchange: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child?.connected !== true) {
        resolve();
        return;
      }
      this.#unanswered.set(exchange, () => {
        this.#unanswered.delete(exchange);
        resolve();
      });
      this.say(message);
    });
  }

  /** Kills the process. Requests in progress are lost, which functions must tolerate in the cloud too. */
  end(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  }
}

function eachLine(stream: Readable | null, onLine: (line: string) => void): void {
  if (stream !== null) createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
}
