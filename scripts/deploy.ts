import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { World } from '#scripts/deploy/deploy-context.ts';
import { outliveOutput } from '#scripts/console/outlive-output.ts';
import { DeployLine } from '#scripts/deploy/deploy-line.ts';
import { runProgram } from '#scripts/deploy/programs.ts';

/** Limit for one request, well above the time that the requested endpoints need. */
const REQUEST_TIMEOUT_MS = 30_000;

const world: World = {
  root: fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, ''),
  environment: process.env,
  node: process.execPath,
  run: runProgram,
  note: (line) => process.stderr.write(`${line}\n`),
  ask: async (question) => {
    if (!process.stdin.isTTY) return undefined;
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return (await lines.question(question)).trim();
    } finally {
      lines.close();
    }
  },
  fetch: (url, headers, body) =>
    fetch(url, {
      headers,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      ...(body === undefined ? {} : { method: 'POST', body }),
    }),
  sleep,
  nowMs: Date.now,
};

outliveOutput();
process.exitCode = await new DeployLine(world).run(process.argv.slice(2));
