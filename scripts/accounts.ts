import { addCustomerCommands } from '#scripts/accounts/customer-commands.ts';
import { addKeyCommands } from '#scripts/accounts/key-commands.ts';
import { addProjectCommands } from '#scripts/accounts/project-commands.ts';
import { addSessionCommands } from '#scripts/accounts/session-commands.ts';
import { addUserCommands } from '#scripts/accounts/user-commands.ts';
import { CommandLine } from '#scripts/console/command-line.ts';

const line = new CommandLine(
  'accounts',
  'Customers, users, projects, API keys and sessions.\n\n' +
    'Exits with 0 when it was done, 1 when it could not be, 2 when the command line is wrong, 3 when it was refused.',
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
addKeyCommands(line);
addSessionCommands(line);

process.exitCode = await line.run(process.argv.slice(2));
