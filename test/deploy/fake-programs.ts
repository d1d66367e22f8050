import { basename } from 'node:path';
import type { Finished, RunOptions } from '#scripts/deploy/programs.ts';
import { MissingProgram } from '#scripts/deploy/programs.ts';
import type { World } from '#scripts/deploy/deploy-context.ts';

/**
 * The answer of a fake program to a command line; the first match is used. A command line without a match succeeds
 * without output.
 */
export interface Answer {
  /** Pattern of the program and its arguments, joined by spaces. */
  readonly to: RegExp;
  readonly code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** The answer is given once; after that the next match is used. */
  readonly once?: true;
}

export interface Call {
  readonly line: string;
  readonly environment: RunOptions['environment'];
  readonly input: string;
}

export interface FakePrograms {
  readonly run: World['run'];
  /** The calls so far, in order. */
  readonly calls: readonly Call[];
  readonly uninstall: (program: string) => void;
}

/**
 * Returns programs that record their calls and answer as given, within this process; `programs.test.ts` runs real ones.
 */
export function fakePrograms(programs: readonly string[], answers: readonly Answer[]): FakePrograms {
  const installed = new Set(programs);
  const given = new Set<Answer>();
  const calls: Call[] = [];
  return {
    run: async (path, args, { environment, input = '', shown = false }): Promise<Finished> => {
      const program = basename(path);
      if (!installed.has(program)) throw new MissingProgram(program);
      const line = [program, ...args].join(' ');
      calls.push({ line, environment, input });
      const answer = answers.find((each) => !given.has(each) && each.to.test(line));
      if (answer?.once === true) given.add(answer);
      const { code = 0, stdout = '', stderr = '' } = answer ?? {};
      return { code, stdout: shown ? '' : stdout, stderr: shown ? '' : stderr };
    },
    calls,
    uninstall: (program) => void installed.delete(program),
  };
}
