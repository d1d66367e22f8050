import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { freePort } from '#scripts/local/state/ports.ts';
import { FRAMEWORK, NODE, peakRssMb, processorMs } from '#test/support/function-host.ts';

/** Interval and limit of the attempts to get the first reply of a starting process; whole packages take seconds of processor time. */
const ASK_EVERY_MS = 2;
const START_LIMIT_MS = 60_000;

export interface FirstAnswer {
  readonly status: number;
  readonly body: string;
  /** Time from the start of the process to the last byte of the reply. */
  readonly milliseconds: number;
  /** Processor time of all threads until then; 0 if it cannot be read. */
  readonly cpuMilliseconds: number;
  /** The process's peak memory. */
  readonly peakRssMb: number;
}

export interface FunctionProcess {
  readonly target: string;
  /** Folder of an artefact, or path of a source file. */
  readonly source: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Path of functions-framework's main file; by default this project's. */
  readonly framework?: string;
  readonly request?: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  };
}

/**
 * Starts a function as Cloud Run functions does (Node.js 24, functions-framework), waits for its first reply and ends
 * it. Rejects with the process's output if it ends before it has replied.
 */
export async function firstAnswer({
  target,
  source,
  environment,
  framework = FRAMEWORK,
  request,
}: FunctionProcess): Promise<FirstAnswer> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(NODE, [framework, '--target', target, '--source', source, '--port', String(port)], {
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit');
  try {
    for (;;) {
      const answer = await ask(port, request);
      if (answer !== undefined) {
        const milliseconds = performance.now() - started;
        const pid = child.pid ?? 0;
        return {
          ...answer,
          milliseconds,
          cpuMilliseconds: await processorMs(pid),
          peakRssMb: await peakRssMb(pid),
        };
      }
      if (child.exitCode !== null || performance.now() - started > START_LIMIT_MS) {
        throw new Error(`${target} did not answer: ${output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Sends one request on a new connection; `undefined` while nothing listens. */
async function ask(
  port: number,
  asked: FunctionProcess['request'],
): Promise<{ status: number; body: string } | undefined> {
  const { method = 'GET', path = '/', headers = {}, body } = asked ?? {};
  const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false });
  // An error after `once` below has settled must not end this process.
  request.on('error', () => undefined);
  if (body !== undefined) request.setHeader('content-length', Buffer.byteLength(body));
  request.end(body);
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return { status: response.statusCode ?? 0, body: text };
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ECONNREFUSED') return undefined;
    throw thrown;
  }
}
