import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Connection } from '#scripts/local/state/connection.ts';
import { freePort } from '#scripts/local/state/ports.ts';
import { eventually } from '#test/support/local-cloud.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** The pipeline's source, of which both tests use one line: it sets a header of every reply. */
const PIPELINE = 'shared/http/pipeline.ts';
const HEADER = "'cache-control': 'no-store'";

/** Creates a copy of the sources that a test may change, and a local cloud that runs from it. */
async function developing(args: readonly string[]) {
  const root = mkdtempSync(join(tmpdir(), 'developing-'));
  for (const path of [
    'functions',
    'shared',
    'scripts',
    'infra',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    '.build/endpoints',
  ]) {
    cpSync(join(REPOSITORY, path), join(root, path), { recursive: true });
  }
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'));
  const stateFolder = join(root, 'state');
  const child = spawn(
    process.execPath,
    [join(root, 'scripts/local/index.ts'), '--port', '0', '--state-dir', stateFolder, ...args],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(async () => {
    await ended(child);
    rmSync(root, { recursive: true, force: true });
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await eventually(() => Promise.resolve(output.includes('runs at ') ? true : undefined));
  const { baseUrl, principals } = JSON.parse(readFileSync(join(stateFolder, 'connection.json'), 'utf8')) as Connection;
  return {
    root,
    output: () => output,
    templates: () =>
      fetch(`${baseUrl}/api/compute/v1/templates`, { headers: { authorization: `Bearer ${principals.alice.token}` } }),
    edit(path: string, change: (text: string) => string) {
      const file = join(root, path);
      writeFileSync(file, change(readFileSync(file, 'utf8')));
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

test('--watch serves a saved source without a restart; one that does not build is told, and the old one goes on', async () => {
  const cloud = await developing(['--watch']);
  const cacheControl = async () => (await cloud.templates()).headers.get('cache-control');
  expect(await cacheControl()).toBe('no-store');

  cloud.edit(PIPELINE, (text) => text.replace(HEADER, "'cache-control': 'no-store, private'"));
  await eventually(async () => ((await cacheControl()) === 'no-store, private' ? true : undefined));
  cloud.edit(PIPELINE, (text) => `${text}\nconst broken = ;\n`);
  await eventually(() => Promise.resolve(cloud.output().includes('Not reloaded') ? true : undefined));

  expect(cloud.output()).toContain(`${PIPELINE}:`);
  expect(await cacheControl()).toBe('no-store, private');
  expect((await cloud.templates()).status).toBe(200);
});

test('--inspect lets a debugger stop at a line of shared/', async () => {
  const port = await freePort();
  const cloud = await developing(['--inspect', String(port)]);
  const debug = await debugger_(port);
  await debug.send('Debugger.enable');
  const first = await cloud.templates();
  const script = await eventually(() =>
    Promise.resolve(debug.scripts.find(({ url }) => url.endsWith('/compute-templates-list/index.js'))),
  );
  const place = generatedPlace(fileURLToPath(script.url), join(cloud.root, PIPELINE), HEADER);
  await debug.send('Debugger.setBreakpointByUrl', { url: script.url, ...place });

  const second = cloud.templates();
  const paused = await eventually(() => Promise.resolve(debug.pauses[0]));
  await debug.send('Debugger.resume');

  expect(first.status).toBe(200);
  expect(paused.hitBreakpoints).toHaveLength(1);
  expect((await second).status).toBe(200);
});

/** Returns where a line of a source is in its bundle, by the source map, as a debugger does. */
function generatedPlace(bundle: string, source: string, text: string) {
  const line = readFileSync(source, 'utf8')
    .split('\n')
    .findIndex((each) => each.includes(text));
  const payload = JSON.parse(readFileSync(`${bundle}.map`, 'utf8')) as SourceMapPayload;
  const map = new SourceMap(payload);
  const lines = readFileSync(bundle, 'utf8').split('\n');
  for (const [lineNumber, code] of lines.entries()) {
    if (!code.includes('no-store')) continue;
    const entry = map.findEntry(lineNumber, code.search(/\S/));
    if (!('originalSource' in entry)) continue;
    const original = resolve(dirname(bundle), entry.originalSource);
    if (original === source && entry.originalLine === line) return { lineNumber, columnNumber: 0 };
  }
  throw new Error(`${pathToFileURL(bundle).href} has no line of ${source} that says ${text}.`);
}

interface Paused {
  readonly hitBreakpoints: readonly string[];
}

/** Implements the part of the DevTools protocol that a debugger needs to stop at a line. */
async function debugger_(port: number) {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    readonly webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets[0]?.webSocketDebuggerUrl ?? '');
  onTestFinished(() => socket.close());
  await once(socket, 'open');
  const scripts: { readonly url: string }[] = [];
  const pauses: Paused[] = [];
  const answers = new Map<number, (result: unknown) => void>();
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as { id?: number; method?: string; params?: unknown; result?: unknown };
    if (message.method === 'Debugger.scriptParsed') scripts.push(message.params as { readonly url: string });
    if (message.method === 'Debugger.paused') pauses.push(message.params as Paused);
    if (message.id !== undefined) answers.get(message.id)?.(message.result);
  });
  let count = 0;
  return {
    scripts,
    pauses,
    send(method: string, params: object = {}): Promise<unknown> {
      count += 1;
      const id = count;
      socket.send(JSON.stringify({ id, method, params }));
      return new Promise((done) => answers.set(id, done));
    },
  };
}
