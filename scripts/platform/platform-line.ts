import { CommandLine, type Surroundings } from '#scripts/console/command-line.ts';
import { addAuditCommands } from './audit-commands.ts';
import { addSweepCommands } from './sweep-commands.ts';

/** The operators' desk. */
export function platformLine(surroundings?: Surroundings): CommandLine {
  const line = new CommandLine(
    'platform',
    'Shows operators what the platform does by itself, and lets them decide where it waits for them.\n\n' +
      'Exits with 0 when it was done, 1 when it could not be, 2 when the command line is wrong.',
    surroundings,
  );
  addSweepCommands(line);
  addAuditCommands(line);
  return line;
}
