import type { Cancel, Clock } from '#scripts/emulators/clock.ts';
import { nextTime } from './cron.ts';
import { localIdToken } from '../gateway/local-id-token.ts';

/** Cloud Scheduler's default attempt deadline for HTTP targets. */
const ATTEMPT_DEADLINE_MS = 180_000;

export interface Job {
  /** Name of the function that the job calls. */
  readonly name: string;
  readonly url: string;
  /** Unix cron, in UTC. */
  readonly cron: string;
}

/** The schedule of monitoring jobs, which locally run at an interval of their own. */
const EACH_MINUTE = '* * * * *';

export interface SchedulerOptions {
  readonly jobs: readonly Job[];
  /** Interval of the jobs that are scheduled for each minute. */
  readonly everySeconds: number;
  readonly clock: Clock;
  /** Called if a job's reply was not a 2xx. */
  readonly onTrouble: (message: string) => void;
}

/**
 * Stands in for Cloud Scheduler: POSTs to each job at its times by the shared clock, one call per job at a time. Jobs
 * of each minute also run at the start.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #cancels = new Map<string, Cancel>();
  readonly #abort = new AbortController();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  start(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const job of this.#options.jobs) this.#plan(job, job.cron === EACH_MINUTE ? nowMs : nextTime(job.cron, nowMs));
  }

  stop(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    this.#abort.abort();
  }

  #plan(job: Job, atMs: number): void {
    if (this.#abort.signal.aborted) return;
    const cancel = this.#options.clock.at(atMs, () => {
      // A time that falls into a running call is skipped, because the next one is counted from this call's planned
      // start.
      const nowMs = this.#options.clock.nowMs();
      const nextMs = job.cron === EACH_MINUTE ? nowMs + this.#options.everySeconds * 1000 : nextTime(job.cron, nowMs);
      const again = (): void => this.#plan(job, nextMs);
      this.#run(job).then(again, again);
    });
    this.#cancels.set(job.name, cancel);
  }

  /** Calls the job. Never rejects. */
  async #run(job: Job): Promise<void> {
    try {
      const response = await fetch(job.url, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${localIdToken('scheduler', job.name, this.#options.clock.nowMs())}`,
          'Content-Type': 'application/json',
          'User-Agent': 'Google-Cloud-Scheduler',
          'X-CloudScheduler': 'true',
          'X-CloudScheduler-JobName': job.name,
        },
        body: '{}',
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(ATTEMPT_DEADLINE_MS)]),
      });
      await response.arrayBuffer();
      if (!response.ok) this.#options.onTrouble(`${job.name} answered its schedule with ${response.status}.`);
    } catch (thrown) {
      if (this.#abort.signal.aborted) return;
      this.#options.onTrouble(`${job.name} did not answer its schedule: ${String(thrown)}`);
    }
  }
}
