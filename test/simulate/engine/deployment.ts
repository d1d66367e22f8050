import { functionEnvironment } from '#scripts/local/functions/function-environment.ts';
import type { WireReply } from '#shared/contracts/reply.ts';
import type { WireRequest } from '#shared/http/request.ts';
import { openBase } from '#shared/runtime/base-tools.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { type Network, processName, SimulatedProcess } from './network.ts';
import { type OpenFunction, openFunction } from './registered-functions.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Processes per function at the same time. Two are enough to show conflicts between processes. */
const PROCESSES_MAX = 2;

/** The call at which a process of a function ends. */
export interface PlannedEnd {
  readonly function: string;
  readonly atCall: number;
  readonly afterSending: boolean;
}

export interface DeploymentOptions {
  readonly time: VirtualTime;
  readonly network: Network;
  /** Ports of the emulators. */
  readonly ports: { readonly datastore: string; readonly pubsub: string; readonly compute: string };
  readonly seed: number;
  /** Receives the log lines of processes that have not ended. */
  readonly onLogLine: (line: string) => void;
  readonly logLevel: 'info' | 'error';
  /** Further settings of the functions. */
  readonly settings: Readonly<Record<string, string>>;
}

interface Instance {
  readonly process: SimulatedProcess;
  readonly answer: OpenFunction;
}

/**
 * Runs the functions: each in up to two simulated processes, each of which has a store, clients, caches and a clock of
 * its own.
 */
export class Deployment {
  readonly #options: DeploymentOptions;
  readonly #random;
  readonly #instances = new Map<string, Instance[]>();
  readonly #plannedEnds: PlannedEnd[] = [];
  /** The largest lag and lead of any process's clock so far, and the clock offset of each function's next processes. */
  #mostBehindMs = 0;
  #mostAheadMs = 0;
  readonly #clockOffsets = new Map<string, number>();
  readonly #atWork = new Set<Promise<unknown>>();
  #processes = 0;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  /** Returns the function's reply; `undefined` if its process ended before it replied. */
  async call(name: string, request: WireRequest): Promise<WireReply | undefined> {
    const { process, answer } = this.#choose(name);
    const end = this.#plannedEnds.findIndex((planned) => planned.function === name);
    const [planned] = end < 0 ? [] : this.#plannedEnds.splice(end, 1);
    if (planned !== undefined) process.endAtCall(planned.atCall, planned.afterSending);
    const work = answer(request);
    this.#track(work);
    try {
      return await Promise.race([work, process.ended]);
    } catch (thrown) {
      if (process.alive) throw thrown;
      return undefined;
    }
  }

  /** Plans that the process which takes the next call of this function ends during that call. */
  planEnd(end: PlannedEnd): void {
    this.#plannedEnds.push(end);
  }

  /** Ends the function's processes. Its next processes have a clock that is off by this offset. */
  skewClock(name: string, offsetMs: number): void {
    this.#mostBehindMs = Math.max(this.#mostBehindMs, -offsetMs);
    this.#mostAheadMs = Math.max(this.#mostAheadMs, offsetMs);
    this.#clockOffsets.set(name, offsetMs);
    this.#endAll(name);
  }

  /** The largest lag of any process's clock so far; 0 if none was behind. */
  get mostBehindMs(): number {
    return this.#mostBehindMs;
  }

  /** The largest lead of any process's clock so far; 0 if none was ahead. */
  get mostAheadMs(): number {
    return this.#mostAheadMs;
  }

  /** Cancels all planned ends, and ends every process whose clock is off; new processes have the right time. */
  calm(): void {
    this.#plannedEnds.length = 0;
    for (const name of this.#clockOffsets.keys()) this.#endAll(name);
    this.#clockOffsets.clear();
  }

  /** Ends every process. Resolves when none of their code is running any more. */
  async end(): Promise<void> {
    for (const name of this.#instances.keys()) this.#endAll(name);
    while (this.#atWork.size > 0) await Promise.allSettled(this.#atWork);
  }

  #endAll(name: string): void {
    for (const { process } of this.#instances.get(name) ?? []) process.end();
  }

  #choose(name: string): Instance {
    const living = (this.#instances.get(name) ?? []).filter(({ process }) => process.alive);
    this.#instances.set(name, living);
    const index = Math.floor(this.#random.fraction() * PROCESSES_MAX);
    const chosen = living[index];
    if (chosen !== undefined) return chosen;
    const opened = this.#open(name);
    living.push(opened);
    return opened;
  }

  #open(name: string): Instance {
    const { time, network, ports, onLogLine, logLevel, settings } = this.#options;
    this.#processes += 1;
    const host = processName(this.#processes);
    const process = new SimulatedProcess(host);
    network.add(process);
    const offsetMs = this.#clockOffsets.get(name) ?? 0;
    const environment = functionEnvironment({
      emulators: {
        datastore: `${host}:${ports.datastore}`,
        pubsub: `${host}:${ports.pubsub}`,
        compute: `${host}:${ports.compute}`,
      },
      repositoryFolder: '.',
      given: { ...settings, LOG_LEVEL: logLevel },
    });
    const base = openBase(environment, {
      nowMs: () => time.nowMs() + offsetMs,
      sleep: (ms) => time.sleep(ms),
      random: seededRandom(this.#options.seed * 1_000 + this.#processes),
      logDestination: {
        write: (line) => {
          if (process.alive) onLogLine(`${host} ${name} ${line}`);
        },
      },
    });
    return { process, answer: openFunction(name, base) };
  }

  #track(work: Promise<unknown>): void {
    this.#atWork.add(work);
    const forget = (): void => void this.#atWork.delete(work);
    work.then(forget, forget);
  }
}
