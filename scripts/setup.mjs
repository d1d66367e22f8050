/**
 * `node scripts/setup.mjs [--build] [COMMAND [ARGUMENT…]]`: the start of every npm script of this project, under
 * whatever Node the machine has. Installs missing packages, brings generated files and, with `--build`, the built
 * functions up to date with the sources, then runs the command: a program of `node_modules/.bin`, or a file (`.ts`,
 * `.js`) under the pinned Node. Has no dependencies, since it installs them, and takes some milliseconds if nothing has
 * changed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 20;

/** How often a running command checks whether npm still runs. */
const PARENT_CHECK_MS = 250;

/** Shells with which npm runs scripts. Some replace themselves by the script's only command, others stay. */
const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh']);

const root = fileURLToPath(new URL('..', import.meta.url));
/** The Node that the project pins, whichever Node runs this file. */
const pinnedNode = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
const stampsFile = join(root, '.build', 'setup.json');

const GENERATED = ['.build/endpoints'];
const GENERATE_SOURCES = ['scripts/generate.ts', 'scripts/generate', 'shared', 'package-lock.json'];
const BUILD_SOURCES = [
  ...GENERATE_SOURCES,
  'scripts/build.ts',
  'scripts/build',
  'functions',
  'infra/generated/functions.json',
];

/** Ends the process with one line that says what to do. */
function giveUp(message) {
  console.error(message);
  process.exit(1);
}

/** Runs a command with visible output; ends the process if the command fails. */
function run(command, commandArguments, complaint) {
  const { status, error } = spawnSync(command, commandArguments, { cwd: root, stdio: 'inherit' });
  if (status !== 0) giveUp(error === undefined ? complaint : `${complaint} (${error.message})`);
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // An absent or truncated file counts as empty.
    return undefined;
  }
}

/** Whether node_modules matches the lockfile, by npm's own record of what it installed. */
function isInstalled() {
  if (!existsSync(pinnedNode)) return false;
  const wanted = readJson(join(root, 'package-lock.json'))?.packages ?? {};
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages ?? {};
  return Object.entries(wanted).every(
    // Optional packages may be those of other platforms.
    ([path, { version, optional }]) => path === '' || optional === true || installed[path]?.version === version,
  );
}

function install() {
  console.error('Installing the dependencies (once, and after they change; about half a minute) …');
  const npm = process.env['npm_execpath'];
  const [command, ...first] = npm?.endsWith('npm-cli.js') ? [process.execPath, npm] : ['npm'];
  const { status, stderr, error } = spawnSync(command, [...first, 'ci', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const messages = withoutKnownEngineWarnings(stderr ?? '').trim();
  if (messages !== '') console.error(messages);
  if (status !== 0) {
    giveUp(
      `The dependencies could not be installed: see above${error === undefined ? '' : ` (${error.message})`}. It needs the network, or a filled npm cache (npm config set offline true).`,
    );
  }
  if (!isInstalled()) {
    giveUp(
      'npm has not installed all that package-lock.json names. Install scripts must be allowed: the pinned Node is made by one.',
    );
  }
}

/**
 * Removes npm's warnings about packages whose `engines` exclude the Node that runs npm, because the project runs on the
 * pinned Node; warnings about packages that exclude the pinned one stay.
 */
function withoutKnownEngineWarnings(text) {
  const pinned = readJson(join(root, 'package-lock.json'))?.packages?.['node_modules/node']?.version ?? '';
  return text.replace(
    /^npm warn EBADENGINE Unsupported engine \{\n(?:npm warn EBADENGINE .*\n?)*?npm warn EBADENGINE \}\n?/gm,
    (block) => {
      const range = /required: \{[^}]*\bnode: '([^']*)'/.exec(block)?.[1];
      return range !== undefined && allows(range, Number(pinned.split('.')[0])) ? '' : block;
    },
  );
}

/** Whether a range of `engines` includes this major version; false if the range cannot be parsed. */
function allows(range, major) {
  return range.split('||').some((part) => {
    const least = /^\s*(\^|~|>=|)\s*(\d+)(?:\.[\dx*]+)*\s*$/.exec(part);
    if (least === null) return false;
    return least[1] === '>=' ? major >= Number(least[2]) : major === Number(least[2]);
  });
}

/**
 * Returns a text that changes whenever a file below one of the paths does. Reads no content, so it may also change
 * without need.
 */
function stampOf(paths, { except = [] } = {}) {
  const hash = createHash('sha256');
  const visit = (path) => {
    if (except.includes(path)) return;
    const stats = statSync(join(root, path), { throwIfNoEntry: false });
    if (stats?.isDirectory()) {
      for (const name of readdirSync(join(root, path)).sort()) visit(`${path}/${name}`);
    } else {
      hash.update(`${path} ${stats?.size} ${stats?.mtimeMs}\n`);
    }
  };
  for (const path of paths) visit(path);
  return hash.digest('hex');
}

function isMade(path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  return stats !== undefined && (!stats.isDirectory() || readdirSync(join(root, path)).length > 0);
}

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  giveUp(`Node ${NODE_MAJOR_MIN} or newer is needed to begin with; this is ${process.versions.node}.`);
}
if (!isInstalled()) install();

const build = process.argv[2] === '--build';
const [command, ...commandArguments] = process.argv.slice(build ? 3 : 2);

const stamps = readJson(stampsFile) ?? {};
const remember = (name, stamp) => {
  stamps[name] = stamp;
  mkdirSync(join(root, '.build'), { recursive: true });
  writeFileSync(stampsFile, `${JSON.stringify(stamps)}\n`);
};

const generateStamp = () => stampOf(GENERATE_SOURCES, { except: GENERATED });
if (!GENERATED.every(isMade) || stamps.generate !== generateStamp()) {
  run(
    pinnedNode,
    [join(root, 'scripts', 'generate.ts'), '--ignored-only'],
    'What is made from the contracts could not be made: see above.',
  );
  remember('generate', generateStamp());
}

if (build) {
  const buildStamp = () => stampOf(BUILD_SOURCES);
  if (!isMade('.build/functions') || stamps.build !== buildStamp()) {
    run(pinnedNode, [join(root, 'scripts', 'build.ts')], 'The functions could not be built: see above.');
    remember('build', buildStamp());
  }
}

if (command !== undefined) runCommand();

/** Runs the command so that callers see no difference to running it directly: same terminal, signals and exit code. */
function runCommand() {
  const bin = join(root, 'node_modules', '.bin');
  const isFile = /\.[mc]?[jt]s$/.test(command);
  const [program, programArguments] = isFile
    ? [pinnedNode, [command, ...commandArguments]]
    : [join(bin, command), commandArguments];
  const child = spawn(program, programArguments, { stdio: 'inherit' });
  // The terminal sends Ctrl-C to the command too, so this process only has to outlive it.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  stopWithNpm(child);
  child.on('error', (error) => giveUp(`${command} could not be run (${error.message}).`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Under npm, ends the command when npm has ended, even if npm was killed. */
function stopWithNpm(child) {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const above = processesUpToNpm();
  setInterval(() => {
    if (processesUpToNpm() !== above) child.kill('SIGTERM');
  }, PARENT_CHECK_MS).unref();
}

/**
 * Returns the parent's pid and, if that is the shell of npm's script, its parent's too; the result changes when one of
 * them ends.
 */
function processesUpToNpm() {
  const parent = process.ppid;
  try {
    const [, name = '', grandparent = ''] =
      /^\d+ \((.*)\) \w (\d+)/s.exec(readFileSync(`/proc/${parent}/stat`, 'utf8')) ?? [];
    return SHELLS.has(name) ? `${parent} ${grandparent}` : String(parent);
  } catch {
    // A system without /proc: only the parent is known.
    return String(parent);
  }
}
