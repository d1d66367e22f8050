import { type Command, InvalidArgumentError } from 'commander';
import { collected, type CommandLine } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { details } from '#scripts/console/table.ts';
import { createUser, deleteUser, getUser, listUsers, updateUser, type UserChanges } from '#shared/accounts/users.ts';
import type { User } from '#shared/datastore/account-rows.ts';
import { ROLES } from '#shared/domain/principal.ts';
import { contextOf, paged, pageOf, type PageOptions, printPage, timeText } from './command-context.ts';

interface Memberships {
  readonly group?: readonly string[];
  readonly role?: readonly string[];
  readonly userProject?: readonly string[];
  readonly name?: string;
}

const CLEARABLE = ['roles', 'projects'] as const;

export function addUserCommands(line: CommandLine): void {
  const users = line.group('users', 'people and programs: each belongs to a customer and to groups');

  line.leaf(
    users,
    {
      usage: 'create',
      summary: 'make a user',
      changes: true,
      examples: [
        'users create --customer acme --group group1 --local',
        'users create --customer acme --group dev --group ops --user-project proj_0123456789ab --name Alice --project my-project',
        'users create --customer platform --role compute_admin --local',
      ],
      configure: (command) =>
        memberships(command.requiredOption('--customer <id>', 'the customer it belongs to')).option(
          '--id <uuid>',
          'version 4 UUID (default: a new one)',
        ),
    },
    async (session, _, options: Memberships & { customer: string; id?: string }) => {
      const { row, created } = await createUser(contextOf(session), {
        customerId: options.customer,
        groups: options.group ?? [],
        roles: options.role ?? [],
        projects: options.userProject ?? [],
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(options.id === undefined ? {} : { id: options.id }),
      });
      session.print(`User ${row.id} ${created ? 'created' : 'was there already'}.\n`, { ...row, created });
      return EXIT.ok;
    },
  );

  line.leaf(
    users,
    {
      usage: 'list',
      summary: 'list users',
      examples: ['users list --local', 'users list --customer acme --json --project my-project'],
      configure: (command) => paged(command.option('--customer <id>', 'only those of this customer')),
    },
    async (session, _, options: PageOptions & { customer?: string }) => {
      const { items, cursor } = await listUsers(contextOf(session), {
        ...pageOf(options),
        ...(options.customer === undefined ? {} : { customerId: options.customer }),
      });
      return printPage<User>(session, { items: items.map((row) => row.value), cursor }, [
        { heading: 'ID', cell: ({ id }) => id },
        { heading: 'CUSTOMER', cell: ({ customerId }) => customerId },
        { heading: 'GROUPS', cell: ({ groups }) => groups.join(',') },
        { heading: 'ROLES', cell: ({ roles }) => roles.join(',') },
        { heading: 'PROJECTS', cell: ({ projects }) => projects.join(',') },
        { heading: 'NAME', cell: ({ name }) => name },
      ]);
    },
  );

  line.leaf(
    users,
    {
      usage: 'show',
      summary: 'show one user',
      examples: ['users show 550e8400-e29b-41d4-a716-446655440000 --local'],
      configure: (command) => command.argument('<id>'),
    },
    async (session, [id = '']) => {
      const { value } = await getUser(contextOf(session), id);
      session.print(userText(value), value);
      return EXIT.ok;
    },
  );

  line.leaf(
    users,
    {
      usage: 'set',
      summary: "replace a user's groups, roles, projects or name; what is not named stays",
      changes: true,
      examples: [
        'users set 550e8400-e29b-41d4-a716-446655440000 --group dev --group ops --local',
        'users set 550e8400-e29b-41d4-a716-446655440000 --clear roles --local',
      ],
      configure: (command) =>
        memberships(command.argument('<id>')).option(
          '--clear <list>',
          `leave the user without any: ${CLEARABLE.join(' or ')} (may be repeated)`,
          cleared,
        ),
      check: (_, options: Memberships & { readonly clear?: readonly string[] }) =>
        Object.keys(changesOf(options)).length === 0
          ? 'Say what to set: --group, --role, --user-project, --name or --clear.'
          : undefined,
    },
    async (session, [id = ''], options: Memberships & { clear?: readonly string[] }) => {
      const user = await updateUser(contextOf(session), id, changesOf(options));
      session.print(userText(user), user);
      return EXIT.ok;
    },
  );

  line.leaf(
    users,
    {
      usage: 'delete',
      summary: 'remove a user with all keys and sessions; refused while the user has instances',
      changes: true,
      examples: ['users delete 550e8400-e29b-41d4-a716-446655440000 --local'],
      configure: (command) => command.argument('<id>'),
    },
    async (session, [id = '']) => {
      const gone = await deleteUser(contextOf(session), id);
      session.print(`User ${id} deleted, with ${gone.apiKeys} keys and ${gone.sessions} sessions.\n`, { id, ...gone });
      return EXIT.ok;
    },
  );
}

/** `--user-project` rather than `--project`, which names the Google Cloud project in every command. */
function memberships(command: Command): Command {
  return command
    .option('--group <group>', 'group that sees the same instances (may be repeated)', collected)
    .option('--role <role>', `role: ${ROLES.join(', ')} (may be repeated)`, collected)
    .option('--user-project <id>', 'project of the customer, the default one first (may be repeated)', collected)
    .option('--name <name>', 'name for people');
}

function cleared(value: string, before: readonly string[] | undefined): readonly string[] {
  const words = collected(value, before);
  const known = words.every((word) => CLEARABLE.some((list) => list === word));
  if (!known) throw new InvalidArgumentError(`It is ${CLEARABLE.join(' or ')}.`);
  return words;
}

function changesOf(options: Memberships & { readonly clear?: readonly string[] }): UserChanges {
  return {
    ...(options.clear?.includes('roles') === true ? { roles: [] } : {}),
    ...(options.clear?.includes('projects') === true ? { projects: [] } : {}),
    ...(options.group === undefined ? {} : { groups: options.group }),
    ...(options.role === undefined ? {} : { roles: options.role }),
    ...(options.userProject === undefined ? {} : { projects: options.userProject }),
    ...(options.name === undefined ? {} : { name: options.name }),
  };
}

function userText(user: User): string {
  return details([
    ['id', user.id],
    ['customer', user.customerId],
    ['name', user.name],
    ['groups', user.groups.join(', ')],
    ['roles', user.roles.join(', ')],
    ['projects', user.projects.join(', ')],
    ['created', timeText(user.createdAtMs)],
  ]);
}
