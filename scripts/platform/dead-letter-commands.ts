import { paged, pageOf, type PageOptions, printPage, timeText } from '#scripts/accounts/command-context.ts';
import { auditorOf } from '#scripts/console/command-auditor.ts';
import type { CommandLine } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { details } from '#scripts/console/table.ts';
import {
  discardDeadLetter,
  listDeadLetters,
  readDeadLetter,
  type Replayed,
  replayDeadLetter,
  type ShownDeadLetter,
} from '#shared/actions/dead-letters.ts';
import { presentDeadLetter } from '#shared/families/compute/present-desk.ts';
import { withDesk } from './desk-tools.ts';

const OUTCOME_TEXT: Readonly<Record<Replayed['outcome'], string>> = {
  published: 'its operation is on its way again',
  due: 'its operation is published once what is queued before it has ended, or by the next sweep',
  ended: 'its operation has ended meanwhile; nothing was published',
  no_operation: 'it names no operation that is still kept; nothing was published',
};

/** Adds `dead-letters list|show|replay|discard`. */
export function addDeadLetterCommands(line: CommandLine): void {
  const letters = line.group('dead-letters', 'messages that could not be handled in all their attempts');

  line.leaf(
    letters,
    {
      usage: 'list',
      summary: 'list dead letters, newest first, with what their operations are now',
      examples: ['dead-letters list --local'],
      configure: paged,
    },
    async (session, _, options: PageOptions) => {
      const page = await listDeadLetters(pageOf(options), session);
      return printPage(session, { items: page.letters.map(presentDeadLetter), cursor: page.cursor }, [
        { heading: 'ID', cell: ({ id }) => id },
        { heading: 'TIME', cell: ({ at }) => at },
        { heading: 'OPERATION', cell: ({ operationId }) => operationId ?? '' },
        { heading: 'INSTANCE', cell: ({ instanceId }) => instanceId ?? '' },
        { heading: 'NOW', cell: ({ operation }) => operation?.state ?? 'none' },
        { heading: 'REASON', cell: ({ operation }) => operation?.error?.reason ?? '' },
      ]);
    },
  );

  line.leaf(
    letters,
    {
      usage: 'show',
      summary: 'show a dead letter with its message',
      examples: ['dead-letters show 11235813213455 --local'],
      configure: (command) => command.argument('<id>'),
    },
    async (session, [id = '']) => {
      const letter = await readDeadLetter(id, session);
      session.print(letterText(letter), presentDeadLetter(letter));
      return EXIT.ok;
    },
  );

  line.leaf(
    letters,
    {
      usage: 'replay',
      summary: 'publish the operation of a dead letter again; safe to repeat',
      changes: true,
      examples: ['dead-letters replay 11235813213455 --local'],
      configure: (command) => command.argument('<id>'),
    },
    async (session, [id = '']) => {
      const replayed = await withDesk(session, (tools) => replayDeadLetter(id, auditorOf(session), tools));
      session.print(`Dead letter ${id}: ${OUTCOME_TEXT[replayed.outcome]}.\n`, {
        id,
        outcome: replayed.outcome,
        operationId: replayed.operation?.id ?? null,
        state: replayed.operation?.state ?? null,
      });
      return EXIT.ok;
    },
  );

  line.leaf(
    letters,
    {
      usage: 'discard',
      summary: 'take a dead letter off the list; its operation stays as it is',
      changes: true,
      examples: ['dead-letters discard 11235813213455 --local'],
      configure: (command) => command.argument('<id>'),
    },
    async (session, [id = '']) => {
      await discardDeadLetter(id, auditorOf(session), session);
      session.print(`Dead letter ${id} is discarded.\n`, { id });
      return EXIT.ok;
    },
  );
}

function letterText({ id, letter, operation }: ShownDeadLetter): string {
  return details([
    ['id', id],
    ['time', timeText(letter.recordedAtMs)],
    ['operation', letter.operationId],
    ['instance', letter.instanceId],
    ['state', operation === undefined ? 'not kept' : operation.state],
    ['reason', operation?.error?.reason ?? ''],
    ['message', letter.data],
  ]);
}
