import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { auditorOf } from '#scripts/console/command-auditor.ts';
import { clockOf } from '#scripts/console/command-clock.ts';
import { CommandLine, type Surroundings } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { table } from '#scripts/console/table.ts';
import { recountAll, recountCustomer, type RecountReport, type UsageDrift } from '#shared/workers/recount.ts';
import type { Log } from '#shared/domain/log.ts';

/** The command prints the differences that it finds, so they are not logged as well. */
const SILENT: Log = { info: () => undefined, warn: () => undefined, error: () => undefined, critical: () => undefined };

/** Returns the program `recount`. */
export function recountLine(surroundings?: Surroundings): CommandLine {
  const line = new CommandLine(
    'recount',
    'Compares the quota usage of customers with the instances and volumes that they have, and repairs it.\n\n' +
      'Safe while instances and volumes are created and deleted. Exits with 0 when it was done, 1 when it could not be, 2 when the\n' +
      'command line is wrong.',
    surroundings,
  );

  line.only(
    {
      changes: true,
      examples: ['--local', '--dry-run --project my-project', '--customer acme --json --project my-project'],
      configure: (command) =>
        command.option('--customer <id>', 'only this customer').option('--dry-run', 'only say what is off'),
    },
    async (session, _, { customer, dryRun = false }: { readonly customer?: string; readonly dryRun?: boolean }) => {
      const options = { dryRun, auditor: auditorOf(session) };
      const tools = {
        store: session.store,
        log: SILENT,
        nowMs: clockOf(session),
        sleep: (ms: number) => sleep(ms),
        random: { hex: (bytes: number) => randomBytes(bytes).toString('hex'), fraction: () => Math.random() },
      };
      const report: RecountReport =
        customer === undefined
          ? await recountAll(tools, options)
          : { customers: 1, drifts: await recountCustomer(customer, tools, options), finished: true };
      session.print(textOf(report, dryRun), report);
      return report.drifts.every(({ repaired }) => repaired || dryRun) ? EXIT.ok : EXIT.error;
    },
  );

  return line;
}

function textOf({ customers, drifts }: RecountReport, dryRun: boolean): string {
  const counted = `${customers} ${customers === 1 ? 'customer' : 'customers'} counted`;
  if (drifts.length === 0) return `${counted}, nothing is off.\n`;
  const rows = table<UsageDrift>(
    [
      { heading: 'CUSTOMER', cell: ({ customerId }) => customerId },
      { heading: 'RECORDED', cell: ({ recorded, of }) => (recorded === null ? 'nothing' : amount(recorded, of)) },
      { heading: 'COUNTED', cell: ({ counted: found, of }) => amount(found, of) },
      { heading: 'REPAIRED', cell: ({ repaired }) => (repaired ? 'yes' : 'no') },
    ],
    drifts,
  );
  return `${counted}, ${drifts.length} off${dryRun ? ' (nothing was changed)' : ''}:\n${rows}`;
}

function amount(count: number, of: UsageDrift['of']): string {
  return of === 'volumeGb' ? `${count} GB` : String(count);
}
