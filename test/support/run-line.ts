import type { CommandLine, Surroundings } from '#scripts/console/command-line.ts';
import type { ScriptResult } from './run-script.ts';

/**
 * Runs a command line in this process, which is quicker than a new one. Its environment contains only the given
 * variables.
 */
export async function runLine(
  make: (surroundings: Surroundings) => CommandLine,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ScriptResult> {
  let stdout = '';
  let stderr = '';
  const line = make({ environment, stdout: (text) => (stdout += text), stderr: (text) => (stderr += text) });
  const exitCode = await line.run(args);
  return { exitCode, stdout, stderr };
}
