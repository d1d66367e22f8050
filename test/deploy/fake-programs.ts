import { basename } from 'node:path';
import type { Finished, RunOptions } from '#scripts/deploy/programs.ts';
import { MissingProgram } from '#scripts/deploy/programs.ts';
import type { World } from '#scripts/deploy/deploy-context.ts';

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
  readonly environment: RunOptions['environment'];
  readonly input: string;
}

export interface FakePrograms {
  readonly run: World['run'];
  /** What was run so far, in order. */
  readonly calls: readonly Call[];
  readonly uninstall: (program: string) => void;
}

/** Programs that note how they were called and answer as told, in this process: `programs.test.ts` runs real ones. */
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
