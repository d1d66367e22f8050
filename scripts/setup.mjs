/**
 * `node scripts/setup.mjs [--build] [COMMAND [ARGUMENT…]]`: what every npm script of this project runs, on whatever Node
 * the machine has. Installs what is missing, makes the generated files and, with `--build`, the built functions match the
 * sources, then runs the command: a program of `node_modules/.bin`, or a file (`.ts`, `.js`) under the pinned Node. It has
 * no dependencies, since it installs them, and takes some milliseconds when nothing has changed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 20;

/** How often a running command looks whether npm is still there. */
const PARENT_CHECK_MS = 250;

/** What npm runs scripts with. Some replace themselves by the script's one command, some stay. */
const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh']);

const root = fileURLToPath(new URL('..', import.meta.url));
/** The Node that the project pins, whatever runs this file. */
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

/** Ends with one line that says what to do. */
function giveUp(message) {
  console.error(message);
  process.exit(1);
}

/** Runs a command where its output can be seen; gives up when it fails. */
function run(command, commandArguments, complaint) {
  const { status, error } = spawnSync(command, commandArguments, { cwd: root, stdio: 'inherit' });
  if (status !== 0) giveUp(error === undefined ? complaint : `${complaint} (${error.message})`);
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Absent, or broken off: it says nothing.
    return undefined;
  }
}

/** Whether node_modules holds what the lockfile says; npm leaves its own record of what it installed. */
function isInstalled() {
  if (!existsSync(pinnedNode)) return false;
  const wanted = readJson(join(root, 'package-lock.json'))?.packages ?? {};
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages ?? {};
  return Object.entries(wanted).every(
    // Optional packages are those of other platforms.
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
 * npm warns of each package whose `engines` exclude the Node that runs npm. The project runs on the Node it pins, so only
 * a package that excludes the pinned one is worth a warning.
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

/** Whether a range of `engines` takes this major; what it cannot read counts as no. */
function allows(range, major) {
  return range.split('||').some((part) => {
    const least = /^\s*(\^|~|>=|)\s*(\d+)(?:\.[\dx*]+)*\s*$/.exec(part);
    if (least === null) return false;
    return least[1] === '>=' ? major >= Number(least[2]) : major === Number(least[2]);
  });
}

/** Changes whenever a file below one of the paths does. Reads no file, so it may say so without need. */
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

/** Runs the command in place of this process, as far as its caller can tell: same terminal, signals and exit code. */
function runCommand() {
  const bin = join(root, 'node_modules', '.bin');
  const isFile = /\.[mc]?[jt]s$/.test(command);
  const [program, programArguments] = isFile
    ? [pinnedNode, [command, ...commandArguments]]
    : [join(bin, command), commandArguments];
  const child = spawn(program, programArguments, { stdio: 'inherit' });
  // A terminal sends Ctrl-C to the command too, so this process only has to outlive it.
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

/** Under npm the command ends with npm, even if npm is killed and cannot say so. */
function stopWithNpm(child) {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const above = processesUpToNpm();
  setInterval(() => {
    if (processesUpToNpm() !== above) child.kill('SIGTERM');
  }, PARENT_CHECK_MS).unref();
}

/** The parent, and where that is the shell of npm's script, its parent too; it changes when one of them is gone. */
function processesUpToNpm() {
  const parent = process.ppid;
  try {
    const [, name = '', grandparent = ''] =
      /^\d+ \((.*)\) \w (\d+)/s.exec(readFileSync(`/proc/${parent}/stat`, 'utf8')) ?? [];
    return SHELLS.has(name) ? `${parent} ${grandparent}` : String(parent);
  } catch {
    // A system without /proc, where the parent alone has to do.
    return String(parent);
  }
}
