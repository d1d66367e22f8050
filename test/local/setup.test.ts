import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { isRunning } from '#test/support/local-cloud.ts';

const SETUP = fileURLToPath(new URL('../../scripts/setup.mjs', import.meta.url));

/** Replaces npm: records its call and installs what the lockfile names. */
const FAKE_NPM = `
  const { appendFileSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
  appendFileSync('done.txt', 'npm ' + process.argv[2] + '\\n');
  if (process.env.NPM_SAYS) process.stderr.write(process.env.NPM_SAYS);
  if (process.env.NPM_FAILS) process.exit(1);
  mkdirSync('node_modules/.bin', { recursive: true });
  writeFileSync('node_modules/.package-lock.json', readFileSync('package-lock.json'));
  writeFileSync('node_modules/.bin/node', readFileSync('fake-node'), { mode: 0o755 });
`;

/** Replaces the pinned Node: records what it should run, and creates the files that this would create. */
const FAKE_NODE = `#!/bin/sh
echo "$(basename "$1")" >> done.txt
mkdir -p .build/endpoints infra/generated/openapi .build/functions/a
touch .build/endpoints/a.ts infra/generated/functions.json infra/generated/openapi/gateway.json .build/functions/a/index.js
test "$(basename "$1")" != "$NODE_FAILS_AT"
`;

const LOCKFILE = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/node': { version: '24.21.0' },
    'node_modules/other-platform': { version: '1.0.0', optional: true },
  },
};

/** Creates a project in which setup can run. */
function project() {
  const root = mkdtempSync(join(tmpdir(), 'setup-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('package-lock.json', JSON.stringify(LOCKFILE));
  write('npm-cli.js', FAKE_NPM);
  write('fake-node', FAKE_NODE);
  for (const path of ['scripts/generate.ts', 'scripts/build.ts', 'shared/a.ts', 'functions/a.ts']) write(path, '');
  copyFileSync(SETUP, join(root, 'scripts', 'setup.mjs'));
  return {
    root,
    write,
    /** Runs setup and returns what was done in this run, in order. */
    run(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
      rmSync(join(root, 'done.txt'), { force: true });
      const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'setup.mjs'), ...args], {
        cwd: root,
        env: { ...process.env, npm_execpath: join(root, 'npm-cli.js'), ...env },
        encoding: 'utf8',
      });
      const done = existsSync(join(root, 'done.txt'))
        ? readFileSync(join(root, 'done.txt'), 'utf8').trim().split('\n')
        : [];
      return { status, stderr, done };
    },
    touch(path: string) {
      utimesSync(join(root, path), new Date(), new Date(Date.now() + 60_000));
    },
  };
}

test('a fresh clone is installed, generated and built; a second run has nothing to do', () => {
  const p = project();

  const first = p.run(['--build']);
  const second = p.run(['--build']);

  expect(first).toMatchObject({ status: 0, done: ['npm ci', 'generate.ts', 'build.ts'] });
  expect(second).toMatchObject({ status: 0, done: [], stderr: '' });
});

test('without --build nothing is built', () => {
  const p = project();

  expect(p.run().done).toEqual(['npm ci', 'generate.ts']);
});

test('another version in the lockfile is installed', () => {
  const p = project();
  p.run(['--build']);
  p.write(
    'package-lock.json',
    JSON.stringify({ packages: { ...LOCKFILE.packages, 'node_modules/a': { version: '1.0.1' } } }),
  );

  expect(p.run(['--build']).done).toEqual(['npm ci', 'generate.ts', 'build.ts']);
});

test.each([
  ['shared/a.ts', ['generate.ts', 'build.ts']],
  ['functions/a.ts', ['build.ts']],
])('a change of %s makes %j anew', (path, made) => {
  const p = project();
  p.run(['--build']);

  p.touch(path);

  expect(p.run(['--build']).done).toEqual(made);
});

test('what was generated and is gone is made again', () => {
  const p = project();
  p.run(['--build']);

  rmSync(join(p.root, '.build', 'endpoints'), { recursive: true });

  expect(p.run(['--build']).done[0]).toBe('generate.ts');
});

/** Returns npm's warning about a package whose `engines` exclude the Node that runs npm. */
function engineWarning(name: string, range: string): string {
  return [
    'npm warn EBADENGINE Unsupported engine {',
    `npm warn EBADENGINE   package: '${name}@1.0.0',`,
    `npm warn EBADENGINE   required: { node: '${range}' },`,
    "npm warn EBADENGINE   current: { node: 'v20.20.2', npm: '11.0.0' }",
    'npm warn EBADENGINE }',
    '',
  ].join('\n');
}

test('a package that only the pinned Node can run is no warning; one that even that cannot is', () => {
  const fine = ['>=22', '^22.12.0 || ^24.0.0 || >=26.0.0', '>=18.0.0', '24.x'].map((range) =>
    engineWarning('fine', range),
  );
  const says = [
    ...fine,
    engineWarning('too-new', '>=26'),
    engineWarning('too-old', '^20.0.0'),
    'npm warn deprecated b@1.0.0\n',
  ];

  const { stderr } = project().run([], { NPM_SAYS: says.join('') });

  expect(stderr).not.toContain('fine@');
  for (const kept of ['too-new@', 'too-old@', 'deprecated b@']) expect(stderr).toContain(kept);
});

test('an installation that fails ends it with what may be wrong', () => {
  const p = project();

  const { status, stderr, done } = p.run([], { NPM_FAILS: '1' });

  expect(status).toBe(1);
  expect(stderr).toContain('could not be installed');
  expect(done).toEqual(['npm ci']);
});

test('a build that fails ends it, and is tried again by the next run', () => {
  const p = project();

  const failed = p.run(['--build'], { NODE_FAILS_AT: 'build.ts' });
  const next = p.run(['--build']);

  expect(failed.status).toBe(1);
  expect(failed.stderr).toContain('could not be built');
  expect(next).toMatchObject({ status: 0, done: ['build.ts'] });
});

test('the command runs under the pinned Node with its arguments, after what it needs, and its exit code is the answer', () => {
  const p = project();

  const run = p.run(['--build', 'scripts/local/index.ts', '--port', '1'], { NODE_FAILS_AT: 'index.ts' });

  expect(run).toMatchObject({ status: 1, done: ['npm ci', 'generate.ts', 'build.ts', 'index.ts'] });
  expect(p.run(['scripts/local/index.ts'])).toMatchObject({ status: 0, done: ['index.ts'] });
});

test('a signal to stop reaches the command, and its end by a signal is passed on', async () => {
  const p = project();
  p.run();
  p.write('node_modules/.bin/sleeper', '#!/bin/sh\necho ready\nexec sleep 60\n');
  chmodSync(join(p.root, 'node_modules/.bin/sleeper'), 0o755);
  const running = spawn(process.execPath, [join(p.root, 'scripts', 'setup.mjs'), 'sleeper'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(running.stdout, 'data');

  running.kill('SIGTERM');

  expect(await once(running, 'exit')).toEqual([null, 'SIGTERM']);
});

test('if npm is killed, the command ends too', async () => {
  const p = project();
  p.run();
  p.write('node_modules/.bin/sleeper', '#!/bin/sh\necho $$\nexec sleep 60\n');
  chmodSync(join(p.root, 'node_modules/.bin/sleeper'), 0o755);
  const setUp = `"${process.execPath}" "${join(p.root, 'scripts', 'setup.mjs')}" sleeper; true`;
  const npm = spawn('sh', ['-c', setUp], {
    env: { ...process.env, npm_lifecycle_event: 'start' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [pid] = (await once(npm.stdout, 'data')) as [Buffer];

  npm.kill('SIGKILL');

  await expect.poll(() => isRunning(Number(pid)), { timeout: 60_000 }).toBe(false);
});
