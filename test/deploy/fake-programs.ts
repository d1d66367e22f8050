import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** How a fake answers a command line; the first that matches does. What no answer matches succeeds and says nothing. */
export interface Answer {
  /** Found in the program and its arguments, joined by spaces. */
  readonly to: RegExp;
  readonly code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** This answer is given once; then the next one that matches. */
  readonly once?: true;
}

export interface Call {
  readonly line: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
}

export interface FakePrograms {
  /** Folder to put on the PATH. */
  readonly bin: string;
  /** What was run so far, in order. */
  readonly calls: () => Promise<readonly Call[]>;
  readonly uninstall: (program: string) => Promise<void>;
}

const WATCHED = [
  'TF_DATA_DIR',
  'TF_INPUT',
  'DATASTORE_EMULATOR_HOST',
  'GOOGLE_CLOUD_PROJECT',
  'GOOGLE_CLOUD_QUOTA_PROJECT',
] as const;

/** Between the parts of a call, and after it, in the file in which the fakes write down their calls. */
const [PART, END] = ['\u001e', '\u001f'];

/** Executables of these names that write down how they were called and answer as told. Shell scripts, since they start soonest. */
export async function fakePrograms(programs: readonly string[], answers: readonly Answer[]): Promise<FakePrograms> {
  const bin = await mkdtemp(join(tmpdir(), 'programs-'));
  onTestFinished(() => rm(bin, { recursive: true, force: true }));
  const log = join(bin, 'calls');
  await writeFile(log, '');
  for (const program of programs) {
    await writeFile(join(bin, program), source(program, log, answers));
    await chmod(join(bin, program), 0o755);
  }
  return {
    bin,
    calls: async () =>
      (await readFile(log, 'utf8'))
        .split(END)
        .filter((call) => call !== '')
        .map(parsedCall),
    uninstall: (program) => rm(join(bin, program)),
  };
}

function parsedCall(text: string): Call {
  const [line = '', environment = '', input = ''] = text.split(PART);
  const variables = environment.split('\n').flatMap((each) => {
    const at = each.indexOf('=');
    return at < 0 ? [] : [[each.slice(0, at), each.slice(at + 1)] as const];
  });
  return { line, environment: Object.fromEntries(variables), input };
}

function source(program: string, log: string, answers: readonly Answer[]): string {
  const variables = WATCHED.map((name) => `[ -n "\${${name}+set}" ] && variables+="${name}=$${name}"$'\\n'`);
  const cases = answers.map(
    ({ to, code = 0, stdout = '', stderr = '', once }, index) =>
      `pattern=${quoted(to.source.replaceAll('\\/', '/'))}
if [[ $line =~ $pattern ]]${once === true ? ` && [ ! -e ${quoted(`${log}.${program}.${index}`)} ] && : > ${quoted(`${log}.${program}.${index}`)}` : ''}; then printf %s ${quoted(stdout)}; printf %s ${quoted(stderr)} >&2; exit ${code}; fi`,
  );
  return `#!/bin/bash
line="${program} $*"
IFS= read -r -d '' input
variables=
${variables.join('\n')}
printf '%s\\x1e%s\\x1e%s\\x1f' "$line" "$variables" "$input" >> ${quoted(log)}
${cases.join('\n')}
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
