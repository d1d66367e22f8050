import type { CommandLine } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { details } from '#scripts/console/table.ts';
import {
  createCustomer,
  deleteCustomer,
  getCustomer,
  listCustomers,
  setCustomerTier,
} from '#shared/accounts/customers.ts';
import type { Customer } from '#shared/datastore/account-rows.ts';
import { contextOf, paged, pageOf, type PageOptions, printPage } from './command-context.ts';

export function addCustomerCommands(line: CommandLine): void {
  const customers = line.group('customers', 'who pays: each has a tier, users and projects');

  line.leaf(
    customers,
    {
      usage: 'create',
      summary: 'make a customer',
      changes: true,
      examples: [
        'customers create acme --tier pro --local',
        'customers create acme --tier pro --name "Acme Ltd" --project my-project',
      ],
      configure: (command) =>
        command
          .argument('<id>', '1 to 63 of a-z, 0-9 and "-", the first a letter; or a UUID')
          .requiredOption('--tier <tier>', 'tier of the catalogue')
          .option('--name <name>', 'name for people (default: the id)'),
    },
    async (session, [id = ''], { tier, name }: { tier: string; name?: string }) => {
      const { row, created } = await createCustomer(contextOf(session), {
        id,
        tier,
        ...(name === undefined ? {} : { name }),
      });
      session.print(`Customer ${row.id} ${created ? 'created' : 'was there already'}, on tier ${row.tier}.\n`, {
        ...row,
        created,
      });
      return EXIT.ok;
    },
  );

  line.leaf(
    customers,
    {
      usage: 'list',
      summary: 'list customers',
      examples: ['customers list --local', 'customers list --tier free --limit 20 --json --project my-project'],
      configure: (command) => paged(command.option('--tier <tier>', 'only those on this tier')),
    },
    async (session, _, options: PageOptions & { tier?: string }) => {
      const { items, cursor } = await listCustomers(contextOf(session), {
        ...pageOf(options),
        ...(options.tier === undefined ? {} : { tier: options.tier }),
      });
      return printPage<Customer>(session, { items: items.map((row) => row.value), cursor }, [
        { heading: 'ID', cell: ({ id }) => id },
        { heading: 'TIER', cell: ({ tier }) => tier },
        { heading: 'NAME', cell: ({ name }) => name },
      ]);
    },
  );

  line.leaf(
    customers,
    {
      usage: 'show',
      summary: 'show one customer',
      examples: ['customers show acme --local'],
      configure: (command) => command.argument('<id>'),
    },
    async (session, [id = '']) => {
      const { value } = await getCustomer(contextOf(session), id);
      session.print(
        details([
          ['id', value.id],
          ['name', value.name],
          ['tier', value.tier],
        ]),
        value,
      );
      return EXIT.ok;
    },
  );

  line.leaf(
    customers,
    {
      usage: 'set-tier',
      summary: 'put a customer on another tier',
      changes: true,
      examples: ['customers set-tier acme enterprise --local'],
      configure: (command) => command.argument('<id>').argument('<tier>', 'tier of the catalogue'),
    },
    async (session, [id = '', tier = '']) => {
      const customer = await setCustomerTier(contextOf(session), id, tier);
      session.print(`Customer ${customer.id} is on tier ${customer.tier}.\n`, customer);
      return EXIT.ok;
    },
  );

  line.leaf(
    customers,
    {
      usage: 'delete',
      summary: 'remove a customer; refused while there are users, projects or instances',
      changes: true,
      examples: ['customers delete acme --local'],
      configure: (command) => command.argument('<id>'),
    },
    async (session, [id = '']) => {
      await deleteCustomer(contextOf(session), id);
      session.print(`Customer ${id} deleted.\n`, { id });
      return EXIT.ok;
    },
  );
}
