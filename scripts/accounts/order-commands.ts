import { InvalidArgumentError, type Command } from 'commander';
import type { CommandLine, Session } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import type { Column } from '#scripts/console/table.ts';
import { createReservation, endOrder, listOrders } from '#shared/accounts/orders.ts';
import type { Orders, Reservation, ReservationTerms } from '#shared/domain/orders.ts';
import { contextOf, paged, pageOf, printPage, timeText, type PageOptions } from './command-context.ts';

/** An order together with its project. */
type Of<T> = T & { readonly project: string };

/** Adds the commands for reservations, which entitle a project to new instances. */
export function addOrderCommands(line: CommandLine): void {
  const reservations = line.group(
    'reservations',
    'places that projects have bought; new instances of the machine type take the free ones',
  );
  line.leaf(
    reservations,
    {
      usage: 'create',
      summary: 'reserve places for a project',
      changes: true,
      examples: ['reservations create proj_acme000000000000 --machine-type n1-standard-2 --places 2 --local'],
      configure: (command) =>
        machineTyped(command)
          .requiredOption('--places <number>', 'instances it has room for', wholeNumber)
          .option('--buyback-cents <number>', 'what a paused instance gives back, cents per hour', wholeNumber, 0)
          .option('--name <name>', 'name that the project sees; its id when absent')
          .option('--ordered-by <user>', 'id of the user who ordered it')
          .option('--zone <zone>', 'only instances of this zone take its places')
          .option('--start <time>', 'from when on, RFC 3339; now when absent')
          .option('--end <time>', 'until when, RFC 3339; without an end when absent')
          .option('--unit-cents <number>', 'price of a place, cents per hour', wholeNumber, 0),
    },
    async (session, [project = ''], options: ReservationOptions) => {
      const { machineType, places, buybackCents = 0 } = options;
      const terms = termsFrom(options);
      const made = await createReservation(contextOf(session), { project, machineType, places, buybackCents, terms });
      session.print(`Reservation ${made.id} created: ${places} places for ${machineType}.\n`, { project, ...made });
      return EXIT.ok;
    },
  );
  listLeaf<Reservation>(line, reservations, {
    name: 'reservations',
    pick: (orders) => orders.reservations,
    columns: [
      { heading: 'PLACES', cell: ({ places }) => String(places) },
      { heading: 'TAKEN', cell: ({ taken }) => String(taken) },
      { heading: 'BUYBACK', cell: ({ buybackCents }) => String(buybackCents) },
    ],
  });
  endLeaf(line, reservations, 'reservations');
}

interface ReservationOptions {
  readonly machineType: string;
  readonly places: number;
  readonly buybackCents?: number;
  readonly name?: string;
  readonly orderedBy?: string;
  readonly zone?: string;
  readonly start?: string;
  readonly end?: string;
  readonly unitCents?: number;
}

function termsFrom({
  name,
  orderedBy,
  zone,
  start,
  end,
  unitCents = 0,
}: ReservationOptions): Partial<ReservationTerms> {
  return {
    unitCents,
    ...(name === undefined ? {} : { name }),
    ...(orderedBy === undefined ? {} : { userId: orderedBy }),
    ...(zone === undefined ? {} : { zone }),
    ...(start === undefined ? {} : { startMs: Date.parse(start) }),
    ...(end === undefined ? {} : { endMs: Date.parse(end) }),
  };
}

function machineTyped(command: Command): Command {
  return command
    .argument('<project>', 'proj_…')
    .requiredOption('--machine-type <type>', "Compute Engine's machine type, without zone");
}

function listLeaf<T extends Reservation>(
  line: CommandLine,
  group: Command,
  {
    name,
    pick,
    columns,
  }: {
    readonly name: string;
    readonly pick: (orders: Orders) => readonly T[];
    readonly columns: readonly Column<Of<T>>[];
  },
): void {
  line.leaf(
    group,
    {
      usage: 'list',
      summary: `list ${name}`,
      examples: [`${name} list --local`, `${name} list --json --project my-project`],
      configure: paged,
    },
    async (session: Session, _, options: PageOptions) => {
      const page = await listOrders(contextOf(session), pageOf(options));
      const items = page.items.flatMap(({ value }) =>
        pick(value).map((order) => ({ ...order, project: value.project })),
      );
      return printPage<Of<T>>(session, { items, cursor: page.cursor }, [
        { heading: 'ID', cell: ({ id }) => id },
        { heading: 'PROJECT', cell: ({ project }) => project },
        { heading: 'MACHINE TYPE', cell: ({ machineType }) => machineType },
        ...columns,
        { heading: 'CREATED', cell: ({ createdAtMs }) => timeText(createdAtMs) },
        { heading: 'ENDED', cell: ({ endedAtMs }) => timeText(endedAtMs) },
      ]);
    },
  );
}

function endLeaf(line: CommandLine, group: Command, name: string): void {
  line.leaf(
    group,
    {
      usage: 'end',
      summary: 'give no more instances to it; those that have it keep it',
      changes: true,
      examples: [`${name} end proj_acme000000000000 res_abc123456789 --local`],
      configure: (command) => command.argument('<project>', 'proj_…').argument('<id>'),
    },
    async (session, [project = '', id = '']) => {
      await endOrder(contextOf(session), project, id);
      session.print(`${id} has ended.\n`, { project, id });
      return EXIT.ok;
    },
  );
}

function wholeNumber(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}
