import type { Random } from '#shared/domain/ids.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Time on the way in one direction, and how often it is far longer. */
const LATENCY_MS = { least: 1, most: 12 };
const SLOW = { share: 0.02, mostMs: 900 };

/** The caller's process has ended: nothing that it still does reaches anybody. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';
  /** What Node's own errors of broken connections have. */
  readonly code = 'ECONNRESET';
}

/**
 * A process of the world, as the network knows it. Code of a process that has ended cannot be stopped from outside, but
 * nothing that it does has an effect any more: its calls are not sent, and nobody waits for its result.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly ended: Promise<never>;
  #end: (cause: ProcessEnded) => void = () => undefined;
  #alive = true;
  /** Calls that it may still make; `undefined`: any number. */
  #callsLeft: number | undefined;
  #endsAfterSending = false;

  constructor(name: string) {
    this.name = name;
    this.ended = new Promise((_, reject) => {
      this.#end = reject;
    });
    // Not every caller waits for the end of a process.
    this.ended.catch(() => undefined);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** It ends at its call number `calls` from now: just before it is sent, or just after. */
  endAtCall(calls: number, afterSending: boolean): void {
    this.#callsLeft = calls;
    this.#endsAfterSending = afterSending;
  }

  end(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#end(new ProcessEnded(`The process ${this.name} has ended.`));
  }

  /** Whether a call leaves the process. */
  sends(): boolean {
    if (!this.#alive) return false;
    if (this.#callsLeft === undefined) return true;
    this.#callsLeft -= 1;
    if (this.#callsLeft > 0) return true;
    this.end();
    return this.#endsAfterSending;
  }
}

/** Carries calls between the programs of the world, each way with a latency. */
export class Network {
  readonly #time: VirtualTime;
  #random: Random;
  readonly #processes = new Map<string, SimulatedProcess>();

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  /** The next world begins: its latencies, and none of the processes of the one before. */
  restart(random: Random): void {
    for (const process of this.#processes.values()) process.end();
    this.#processes.clear();
    this.#random = random;
  }

  /** A process whose calls are known by the host name that it uses for whomever it calls. */
  add(process: SimulatedProcess): void {
    this.#processes.set(process.name, process);
  }

  /**
   * One call from the process whose name is `host`, or from outside of all of them. Rejects with what `serve` rejects
   * with, and with ProcessEnded when the caller has ended.
   */
  async call<T>(host: string, serve: () => Promise<T>): Promise<T> {
    const caller = this.#processes.get(host);
    if (caller === undefined) {
      if (isProcessName(host)) throw new ProcessEnded('The process was of a world before this one.');
      return serve();
    }
    if (!caller.sends()) {
      // Not at once: code that repeats without waiting would never let the world go on.
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
