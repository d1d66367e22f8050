import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Finished {
  readonly code: number;
  /** Empty for a program that was run with `shown`. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether the terminal shows the program's output; otherwise the output is captured. */
  readonly shown?: boolean;
  readonly input?: string;
}

/** Thrown if a program is not on the PATH. */
export class MissingProgram extends Error {
  override readonly name = 'MissingProgram';
  readonly program: string;

  constructor(program: string) {
    super(`${program} is not installed, or not on the PATH.`);
    this.program = program;
  }
}

/**
 * Runs another program to its end. Throws MissingProgram; an exit code other than 0 is a normal result.
 *
 * The terminal sends Ctrl-C to the program as well, which then stops in its own way (Terraform saves its state), so
 * this process waits for it.
 */
export async function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  const { cwd, environment, shown = false, input } = options;
  const child = spawn(program, args, {
    cwd,
    env: environment,
    stdio: ['pipe', shown ? 'inherit' : 'pipe', shown ? 'inherit' : 'pipe'],
  });
  process.on('SIGINT', waitOn);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  // The program may end without reading its input, which makes the write fail.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input ?? '');
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? 1, stdout, stderr };
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') throw new MissingProgram(program);
    throw thrown;
  } finally {
    process.off('SIGINT', waitOn);
  }
}

function waitOn(): void {
  // An installed handler keeps this process from ending before the program does.
}
