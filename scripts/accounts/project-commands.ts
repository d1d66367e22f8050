import type { CommandLine } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { createProject, deleteProject, listProjects } from '#shared/accounts/projects.ts';
import type { Project } from '#shared/datastore/account-rows.ts';
import { contextOf, paged, pageOf, type PageOptions, printPage } from './command-context.ts';

export function addProjectCommands(line: CommandLine): void {
  const projects = line.group('projects', "parts of a customer's instances, as the fleet family shows them");

  line.leaf(
    projects,
    {
      usage: 'create',
      summary: 'make a project',
      changes: true,
      examples: [
        'projects create --customer acme --name web --local',
        'projects create --customer acme --project my-project --json',
      ],
      configure: (command) =>
        command
          .requiredOption('--customer <id>', 'the customer it belongs to')
          .option('--name <name>', 'name for people', 'default')
          .option('--id <id>', 'proj_ and 12 to 32 of a-z and 0-9 (default: a new one)'),
    },
    async (session, _, { customer, name = 'default', id }: { customer: string; name?: string; id?: string }) => {
      const { row, created } = await createProject(contextOf(session), {
        customerId: customer,
        name,
        ...(id === undefined ? {} : { id }),
      });
      session.print(`Project ${row.id} ${created ? 'created' : 'was there already'}.\n`, { ...row, created });
      return EXIT.ok;
    },
  );

  line.leaf(
    projects,
    {
      usage: 'list',
      summary: 'list projects',
      examples: ['projects list --local', 'projects list --customer acme --json --project my-project'],
      configure: (command) => paged(command.option('--customer <id>', 'only those of this customer')),
    },
    async (session, _, options: PageOptions & { customer?: string }) => {
      const { items, cursor } = await listProjects(contextOf(session), {
        ...pageOf(options),
        ...(options.customer === undefined ? {} : { customerId: options.customer }),
      });
      return printPage<Project>(session, { items: items.map((row) => row.value), cursor }, [
        { heading: 'ID', cell: ({ id }) => id },
        { heading: 'CUSTOMER', cell: ({ customerId }) => customerId },
        { heading: 'NAME', cell: ({ name }) => name },
      ]);
    },
  );

  line.leaf(
    projects,
    {
      usage: 'delete',
      summary: 'remove a project; refused while it has instances, open orders or users',
      changes: true,
      examples: ['projects delete proj_0123456789ab --local'],
      configure: (command) => command.argument('<id>'),
    },
    async (session, [id = '']) => {
      await deleteProject(contextOf(session), id);
      session.print(`Project ${id} deleted.\n`, { id });
      return EXIT.ok;
    },
  );
}
