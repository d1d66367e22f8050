import { timeText } from '#scripts/accounts/command-context.ts';
import { auditorOf } from '#scripts/console/command-auditor.ts';
import { clockOf } from '#scripts/console/command-clock.ts';
import type { CommandLine } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { details, table } from '#scripts/console/table.ts';
import { monthlyCost, type MonthlyCost } from '#shared/actions/monthly-cost.ts';
import { type CustomerSheet, showCustomer } from '#shared/actions/show-customer.ts';
import { resumeCustomer, suspendCustomer } from '#shared/actions/suspend-customer.ts';
import { apiKeyState } from '#shared/domain/credential-state.ts';
import { presentCustomer } from '#shared/families/compute/present-desk.ts';
import { withDesk } from './desk-tools.ts';

const STOPS_PER_NOTE = 10;

/** Adds `customers show|suspend|resume`. */
export function addCustomerCommands(line: CommandLine): void {
  const customers = line.group('customers', 'what customers use and cost, and their suspension');

  line.leaf(
    customers,
    {
      usage: 'show',
      summary: 'show tier, suspension, quota, instances, cost and keys of a customer',
      examples: ['customers show acme --local'],
      configure: (command) => command.argument('<id>'),
    },
    async (session, [id = '']) => {
      const tools = { store: session.store, nowMs: clockOf(session) };
      const [sheet, cost] = await Promise.all([showCustomer(id, tools), monthlyCost(id, tools)]);
      session.print(customerText(sheet, cost, tools.nowMs()), presentCustomer(sheet, cost, tools.nowMs()));
      return EXIT.ok;
    },
  );

  line.leaf(
    customers,
    {
      usage: 'suspend',
      summary: 'refuse a customer everything but reading, stopping and deleting; functions notice within ten seconds',
      changes: true,
      examples: [
        'customers suspend acme --reason "Unpaid since January." --local',
        'customers suspend acme --reason "Abuse report 4711." --stop-instances --project my-project',
      ],
      configure: (command) =>
        command
          .argument('<id>')
          .requiredOption('--reason <text>', "shown to the customer's users with every refusal")
          .option('--stop-instances', 'also stop what runs, as operations with the cause suspension'),
    },
    async (session, [id = ''], { reason, stopInstances = false }: { reason: string; stopInstances?: boolean }) => {
      const onStop = (count: number) => {
        if (count % STOPS_PER_NOTE === 0) session.note(`${count} instances are being stopped`);
      };
      const { suspension, stops } = await withDesk(session, (tools) =>
        suspendCustomer({ customerId: id, reason, stopInstances, onStop }, auditorOf(session), tools),
      );
      const stopped = stopInstances ? ` ${stops.length} instances are being stopped.` : '';
      if (stopInstances)
        session.note(
          'Functions notice within ten seconds. If the customer creates an instance before that, this command stops it when you run it again.',
        );
      session.print(`Customer ${id} is suspended since ${timeText(suspension.sinceMs)}.${stopped}\n`, {
        id,
        suspension,
        stops,
      });
      return EXIT.ok;
    },
  );

  line.leaf(
    customers,
    {
      usage: 'resume',
      summary: 'end a suspension; nothing is started',
      changes: true,
      examples: ['customers resume acme --local', 'customers resume acme --reason "Paid." --project my-project'],
      configure: (command) => command.argument('<id>').option('--reason <text>', 'for the audit trail'),
    },
    async (session, [id = ''], { reason }: { reason?: string }) => {
      const { resumed } = await resumeCustomer(
        { customerId: id, ...(reason === undefined ? {} : { reason }) },
        auditorOf(session),
        session,
      );
      session.print(resumed ? `Customer ${id} is not suspended any more.\n` : `Customer ${id} was not suspended.\n`, {
        id,
        resumed,
      });
      return EXIT.ok;
    },
  );
}

function customerText(sheet: CustomerSheet, cost: MonthlyCost, nowMs: number): string {
  const { customer, tier, suspension, tokens } = sheet;
  const states = Object.entries(sheet.instances).map(([state, count]) => `${count} ${state}`);
  const spent = Object.entries(tokens.used).filter(([, count]) => count > 0);
  const about = details([
    ['id', customer.id],
    ['name', customer.name],
    ['tier', tier === undefined ? `${customer.tier}, which the catalogue does not have` : customer.tier],
    [
      'suspended',
      suspension === undefined
        ? 'no'
        : `since ${timeText(suspension.sinceMs)} by ${suspension.by}: ${suspension.reason}`,
    ],
    ['quota', `${sheet.used} of ${tier?.maxInstances ?? 'no tier'}`],
    ['instances', states.join(', ') || 'none'],
    ['cost', `${sheet.centsPerHour} ¢ per hour; ${(cost.cents / 100).toFixed(2)} since ${timeText(cost.sinceMs)}`],
    ['this minute', spent.map(([kind, count]) => `${count} ${kind}`).join(', ') || 'no requests'],
    ['users', String(sheet.users)],
    ...(sheet.complete && cost.complete ? [] : [['note', 'there is more than is counted here'] as const]),
  ]);
  if (sheet.keys.length === 0) return about;
  return `${about}\n${table(
    [
      { heading: 'KEY', cell: ({ id }) => id },
      { heading: 'STATE', cell: (key) => apiKeyState(key, nowMs) },
      { heading: 'USER', cell: ({ userId }) => userId },
      { heading: 'NAME', cell: ({ name }) => name },
      { heading: 'LAST USE', cell: ({ lastUsedAtMs }) => timeText(lastUsedAtMs) },
    ],
    sheet.keys,
  )}`;
}
