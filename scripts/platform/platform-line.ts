import { CommandLine, type Surroundings } from '#scripts/console/command-line.ts';
import { addAuditCommands } from './audit-commands.ts';
import { addCustomerCommands } from './customer-commands.ts';
import { addDeadLetterCommands } from './dead-letter-commands.ts';
import { addDoctorCommand } from './doctor-command.ts';
import { addFindCommand } from './find-command.ts';
import { addInstanceCommands } from './instance-commands.ts';
import { addOperationCommands } from './operation-commands.ts';
import { addSweepCommands } from './sweep-commands.ts';

/** Returns the program `platform`, the operators' commands. */
export function platformLine(surroundings?: Surroundings): CommandLine {
  const line = new CommandLine(
    'platform',
    "The operators' desk: find it, understand it, repair it, and know who did what. `doctor` is where to begin.\n\n" +
      'Exits with 0 when it was done, 1 when it could not be, 2 when the command line is wrong, 3 when the doctor finds a fault.',
    surroundings,
  );
  addInstanceCommands(line);
  addOperationCommands(line);
  addDeadLetterCommands(line);
  addCustomerCommands(line);
  addSweepCommands(line);
  addAuditCommands(line);
  addFindCommand(line);
  addDoctorCommand(line);
  return line;
}
