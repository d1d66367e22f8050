import { CommandLine, type Surroundings } from '#scripts/console/command-line.ts';
import { addCustomerCommands } from './customer-commands.ts';
import { addKeyCommands } from './key-commands.ts';
import { addOrderCommands } from './order-commands.ts';
import { addProjectCommands } from './project-commands.ts';
import { addSessionCommands } from './session-commands.ts';
import { addUserCommands } from './user-commands.ts';

/** Returns the program `accounts`. */
export function accountsLine(surroundings?: Surroundings): CommandLine {
  const line = new CommandLine(
    'accounts',
    'Customers, users, projects, reservations, API keys and sessions.\n\n' +
      'Exits with 0 when it was done, 1 when it could not be, 2 when the command line is wrong, 3 when it was refused.',
    surroundings,
  );
  line.program.addHelpText(
    'after',
    `
A first user, on the local cloud:
  npm run accounts -- customers create acme --tier pro --local
  npm run accounts -- users create --customer acme --group group1 --name Alice --local
  npm run accounts -- keys create --user USER --name laptop --expires 90d --local
`,
  );

  addCustomerCommands(line);
  addUserCommands(line);
  addProjectCommands(line);
  addOrderCommands(line);
  addKeyCommands(line);
  addSessionCommands(line);

  return line;
}
