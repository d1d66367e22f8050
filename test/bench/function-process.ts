import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { entryPointOf } from '#shared/runtime/entry-point.ts';
import { freePort, takesConnections } from '#scripts/local/state/ports.ts';
import { FRAMEWORK, NODE, peakRssMb, processorMs } from '#test/support/function-host.ts';

const START_LIMIT_MS = 20_000;
/** Time that a process gets to write its profile when it ends. */
const END_LIMIT_MS = 5_000;

export interface StartOptions {
  readonly name: string;
  /** Folder of the built function. */
  readonly source: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Further arguments of Node.js, such as `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
  /** Descriptor of the file that takes the log; absent: it goes nowhere. */
  readonly logFile?: number;
}

/** A built function behind functions-framework, as Cloud Run functions runs it, until it is stopped. */
export class FunctionProcess {
  readonly name: string;
  readonly port: number;
  readonly #pid: number;
  readonly #end: () => Promise<void>;

  private constructor(name: string, port: number, child: { readonly pid: number; readonly end: () => Promise<void> }) {
    this.name = name;
    this.port = port;
    this.#pid = child.pid;
    this.#end = child.end;
  }

  /** Resolves when the process listens. Rejects with its output if it ends before. */
  static async start({
    name,
    source,
    environment,
    nodeArguments = [],
    logFile,
  }: StartOptions): Promise<FunctionProcess> {
    const port = await freePort();
    const child = spawn(
      NODE,
      [...nodeArguments, FRAMEWORK, '--target', entryPointOf(name), '--source', source, '--port', String(port)],
      // No process reads the log as it is written: the reader would be measured along with the function.
      { env: { PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['ignore', logFile ?? 'ignore', 'pipe'] },
    );
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = once(child, 'exit');
    const end = async (): Promise<void> => {
      child.kill('SIGINT');
      const timer = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS);
      await ended;
      clearTimeout(timer);
    };
    const startedAtMs = performance.now();
    while (!(await takesConnections(port))) {
      if (child.exitCode !== null || performance.now() - startedAtMs > START_LIMIT_MS) {
        await end();
        throw new Error(`${name} did not start: ${output}`);
      }
      await sleep(10);
    }
    return new FunctionProcess(name, port, { pid: child.pid ?? 0, end });
  }

  /** Returns the processor time that all threads of the process have used so far, ms. Linux only; 0 elsewhere. */
  processorMs(): Promise<number> {
    return processorMs(this.#pid);
  }

  /** Returns the most memory that the process has used so far, MiB. Linux only; 0 elsewhere. */
  peakRssMb(): Promise<number> {
    return peakRssMb(this.#pid);
  }

  async stop(): Promise<void> {
    await this.#end();
  }
}
