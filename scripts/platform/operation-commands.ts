import { Option } from 'commander';
import { paged, pageOf, type PageOptions, printPage, timeText } from '#scripts/accounts/command-context.ts';
import { auditorOf } from '#scripts/console/command-auditor.ts';
import { clockOf } from '#scripts/console/command-clock.ts';
import type { CommandLine } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { details } from '#scripts/console/table.ts';
import {
  listOperations,
  OPERATION_LISTS,
  type OperationList,
  readAnyOperation,
} from '#shared/actions/list-open-operations.ts';
import { cancelOperation, retryOperation } from '#shared/actions/repair-operation.ts';
import type { Operation } from '#shared/domain/operation.ts';
import { presentOperationDetails } from '#shared/families/compute/present-desk.ts';
import { ageText } from './age-text.ts';
import { withDesk } from './desk-tools.ts';

/** Adds `operations list|show|retry|cancel`. */
export function addOperationCommands(line: CommandLine): void {
  const operations = line.group('operations', 'what was asked of instances, and how far it has come');

  line.leaf(
    operations,
    {
      usage: 'list',
      summary: 'list operations: those that have not ended, those that are stuck, or those that failed',
      examples: [
        'operations list --local',
        'operations list --only stuck --project my-project',
        'operations list --only failed --limit 20 --json --project my-project',
      ],
      configure: (command) =>
        paged(command).addOption(
          new Option('--only <which>', 'open: not ended; stuck: open, overdue, held by no worker; failed: ended badly')
            .choices(OPERATION_LISTS)
            .default('open'),
        ),
    },
    async (session, _, options: PageOptions & { only: OperationList }) => {
      const nowMs = clockOf(session)();
      const page = await listOperations(options.only, pageOf(options), {
        store: session.store,
        nowMs: () => nowMs,
      });
      return printPage(session, { items: page.operations.map(presentOperationDetails), cursor: page.cursor }, [
        { heading: 'ID', cell: ({ id }) => id },
        { heading: 'KIND', cell: ({ kind }) => kind },
        { heading: 'STATE', cell: ({ state }) => state },
        { heading: 'INSTANCE', cell: ({ instanceId }) => instanceId },
        { heading: 'CUSTOMER', cell: ({ customerId }) => customerId },
        { heading: 'AGE', cell: ({ createdAt }) => ageText(nowMs - Date.parse(createdAt)) },
        { heading: 'ATTEMPTS', cell: ({ attempts }) => String(attempts) },
        { heading: 'CALLS', cell: ({ calls }) => String(calls) },
        { heading: 'LEASE', cell: ({ leasedUntil }) => leaseText(leasedUntil, nowMs) },
        { heading: 'REASON', cell: ({ error }) => error?.reason ?? '' },
      ]);
    },
  );

  line.leaf(
    operations,
    {
      usage: 'show',
      summary: 'show one operation: attempts, calls to Compute Engine, lease, reason',
      examples: ['operations show op-01jk2m3n4p5q6r7s8t9v --local'],
      configure: (command) => command.argument('<id>', 'op-…'),
    },
    async (session, [id = '']) => {
      const operation = await readAnyOperation(id, session);
      session.print(operationText(operation, clockOf(session)()), presentOperationDetails(operation));
      return EXIT.ok;
    },
  );

  line.leaf(
    operations,
    {
      usage: 'retry',
      summary: 'bring an operation that has not ended on its way again, as if it had never been tried',
      changes: true,
      examples: ['operations retry op-01jk2m3n4p5q6r7s8t9v --local'],
      configure: (command) => command.argument('<id>', 'op-…'),
    },
    async (session, [id = '']) => {
      const { operation, published } = await withDesk(session, (tools) =>
        retryOperation(id, auditorOf(session), tools),
      );
      const how = published ? 'was published' : 'is published once what is queued before it has ended';
      session.print(`Operation ${id} (${operation.kind} of ${operation.instanceId}) ${how}.\n`, {
        operation: presentOperationDetails(operation),
        published,
      });
      return EXIT.ok;
    },
  );

  line.leaf(
    operations,
    {
      usage: 'cancel',
      summary: 'end an operation that has not reached Compute Engine; no create or delete',
      changes: true,
      examples: ['operations cancel op-01jk2m3n4p5q6r7s8t9v --local'],
      configure: (command) => command.argument('<id>', 'op-…'),
    },
    async (session, [id = '']) => {
      const operation = await withDesk(session, (tools) => cancelOperation(id, auditorOf(session), tools));
      session.print(
        `Operation ${id} (${operation.kind} of ${operation.instanceId}) is cancelled; nothing was done.\n`,
        presentOperationDetails(operation),
      );
      return EXIT.ok;
    },
  );
}

/** Returns for how long a worker still holds an operation; nothing if none does. */
function leaseText(leasedUntil: string | null, nowMs: number): string {
  const leftMs = leasedUntil === null ? 0 : Date.parse(leasedUntil) - nowMs;
  return leftMs > 0 ? `held ${ageText(leftMs)}` : '';
}

export function operationText(operation: Operation, nowMs: number): string {
  const { call, leaseUntilMs, dueAtMs, error } = operation;
  const called =
    call === null
      ? 'none'
      : `${call.verb} at ${timeText(call.askedAtMs)}${call.mayBeApplied ? ', may be applied' : ''}`;
  return details([
    ['id', operation.id],
    ['kind', operation.kind],
    ['state', operation.state],
    ['instance', operation.instanceId],
    ['customer', operation.customerId],
    ['asked by', `${operation.actor.type} ${operation.actor.id}, request ${operation.requestId}`],
    ['created', `${timeText(operation.createdAtMs)}, ${ageText(nowMs - operation.createdAtMs)} ago`],
    ['attempts', String(operation.attempts)],
    ['calls', `${operation.callCount}, last: ${called}`],
    ['lease', leaseUntilMs > nowMs ? `held until ${timeText(leaseUntilMs)}` : 'free'],
    ['due', dueAtMs === 0 ? 'never put off' : timeText(dueAtMs)],
    ['reason', error === null ? '' : `${error.reason}: ${error.message}`],
    ['ended', operation.completedAtMs === null ? 'not yet' : timeText(operation.completedAtMs)],
  ]);
}
