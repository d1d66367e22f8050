import type { Random } from '#shared/domain/ids.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Latency in one direction, and the share and maximum of slow calls. */
const LATENCY_MS = { least: 1, most: 12 };
const SLOW = { share: 0.02, mostMs: 900 };

/** Thrown into code of a process that has ended: its calls have no effect any more. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';
  /** The code that Node's own errors of broken connections have. */
  readonly code = 'ECONNRESET';
}

/**
 * A simulated process, as the network sees it. Code of an ended process cannot be stopped from outside, but it has no
 * effect any more: its calls are not sent, and its results are ignored.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly ended: Promise<never>;
  #end: (cause: ProcessEnded) => void = () => undefined;
  #alive = true;
  /** Calls left before the planned end; `undefined` if no end is planned. */
  #callsLeft: number | undefined;
  #endsAfterSending = false;

  constructor(name: string) {
    this.name = name;
    this.ended = new Promise((_, reject) => {
      this.#end = reject;
    });
    // Most callers do not await `ended`; the empty handler prevents an unhandled rejection.
    this.ended.catch(() => undefined);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Plans the process's end at its call number `calls` from now, just before or just after that call is sent. */
  endAtCall(calls: number, afterSending: boolean): void {
    this.#callsLeft = calls;
    this.#endsAfterSending = afterSending;
  }

  end(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#end(new ProcessEnded(`The process ${this.name} has ended.`));
  }

  /** Counts a call of this process. False if the call is not sent any more. */
  sends(): boolean {
    if (!this.#alive) return false;
    if (this.#callsLeft === undefined) return true;
    this.#callsLeft -= 1;
    if (this.#callsLeft > 0) return true;
    this.end();
    return this.#endsAfterSending;
  }
}

/** Carries calls between simulated programs, with a latency in each direction. */
export class Network {
  readonly #time: VirtualTime;
  #random: Random;
  readonly #processes = new Map<string, SimulatedProcess>();

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  /** Ends all processes of the previous world and takes the random numbers of the next one. */
  restart(random: Random): void {
    for (const process of this.#processes.values()) process.end();
    this.#processes.clear();
    this.#random = random;
  }

  /** Adds a process. Its calls are recognised by the host name that it puts into all its addresses. */
  add(process: SimulatedProcess): void {
    this.#processes.set(process.name, process);
  }

  /**
   * Makes one call for the process whose name is `host`; other hosts call without latency. Rejects with the error of
   * `serve`, or with ProcessEnded if the caller has ended.
   */
  async call<T>(host: string, serve: () => Promise<T>): Promise<T> {
    const caller = this.#processes.get(host);
    if (caller === undefined) {
      if (isProcessName(host)) throw new ProcessEnded('The process was of a world before this one.');
      return serve();
    }
    if (!caller.sends()) {
      // Rejecting at once would let code that retries without waiting stop virtual time.
      await this.#time.sleep(LATENCY_MS.most);
      throw new ProcessEnded(`The process ${host} has ended.`);
    }
    await this.#latency();
    try {
      return await serve();
    } finally {
      await this.#latency();
    }
  }

  #latency(): Promise<void> {
    const share = this.#random.fraction();
    const mostMs = this.#random.fraction() < SLOW.share ? SLOW.mostMs : LATENCY_MS.most;
    return this.#time.sleep(LATENCY_MS.least + share * (mostMs - LATENCY_MS.least));
  }
}

const PREFIX = 'process-';

export function processName(number: number): string {
  return `${PREFIX}${number}`;
}

function isProcessName(host: string): boolean {
  return host.startsWith(PREFIX);
}
