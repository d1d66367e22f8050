import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type {
  BenchCloudMessage,
  BenchCloudReady,
  BenchCloudReport,
  BenchCloudSize,
  TracedCall,
} from './bench-cloud-messages.ts';

/** The benchmarks' cloud, which runs in a process of its own until it is stopped. */
export class BenchCloud {
  readonly ready: BenchCloudReady;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ready: BenchCloudReady) {
    this.#child = child;
    this.ready = ready;
  }

  static async start(size: BenchCloudSize): Promise<BenchCloud> {
    const child = fork(fileURLToPath(new URL('bench-cloud.ts', import.meta.url)), [JSON.stringify(size)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: { PATH: process.env['PATH'] ?? '', METADATA_SERVER_DETECTION: 'none' },
    });
    const ready = await reported(child, 'ready');
    return new BenchCloud(child, ready);
  }

  /** Starts recording calls, and delays each response by this time. */
  async trace(delayMs: number): Promise<void> {
    this.#say({ type: 'trace', delayMs });
    await reported(this.#child, 'tracing');
  }

  /** Ends recording and delays, and returns the recorded calls. */
  async calls(): Promise<readonly TracedCall[]> {
    this.#say({ type: 'stop' });
    return (await reported(this.#child, 'calls')).calls;
  }

  stop(): void {
    this.#child.disconnect();
  }

  #say(message: BenchCloudMessage): void {
    this.#child.send(message);
  }
}

async function reported<T extends BenchCloudReport['type']>(
  child: ChildProcess,
  type: T,
): Promise<Extract<BenchCloudReport, { type: T }>> {
  const settled = new AbortController();
  const { signal } = settled;
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('The cloud of the benchmark ended.');
  });
  const message = once(child, 'message', { signal }).then(([sent]) => sent as BenchCloudReport);
  const report = await Promise.race([message, ended]);
  ended.catch(() => undefined);
  settled.abort();
  if (report.type !== type) throw new Error(`The cloud of the benchmark said ${report.type} instead of ${type}.`);
  // The cast is safe: the type was compared just above.
  return report as Extract<BenchCloudReport, { type: T }>;
}
