import { InvalidArgumentError, Option } from 'commander';
import { paged, type PageOptions, timeText } from '#scripts/accounts/command-context.ts';
import { clockOf } from '#scripts/console/command-clock.ts';
import type { CommandLine } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { table } from '#scripts/console/table.ts';
import { readAudit } from '#shared/actions/read-audit.ts';
import { AUDIT_ACTIONS, type AuditAction, type AuditEntry } from '#shared/domain/audit.ts';
import { type Moment, parsedMoment } from './moments.ts';

interface AuditOptions extends PageOptions {
  readonly actor?: string;
  readonly object?: string;
  readonly action?: AuditAction;
  readonly since?: Moment;
  readonly until?: Moment;
}

/** Adds `audit list`. */
export function addAuditCommands(line: CommandLine): void {
  const audit = line.group('audit', 'who changed what, and when; kept for 400 days');

  line.leaf(
    audit,
    {
      usage: 'list',
      summary: 'list changes, newest first',
      examples: [
        'audit list --local',
        'audit list --object "customer acme" --since 7d --project my-project',
        'audit list --action customer.suspend --since 2026-03-01 --json --project my-project',
      ],
      configure: (command) =>
        paged(command)
          .option('--actor <id>', 'only changes by this actor: a user id, or what the list shows in ACTOR')
          .option('--object <object>', 'only changes of this object: "customer acme"')
          .addOption(new Option('--action <action>', 'only changes of this kind').argParser(parsedAction))
          .option('--since <time>', 'from then on: 7d, 12h (ago), or 2026-03-14[T15:00:00Z]', parsedMoment)
          .option('--until <time>', 'until then, in the same forms', parsedMoment),
    },
    async (session, _, options: AuditOptions) => {
      const { actor, object, action, since, until, limit, after } = options;
      const nowMs = clockOf(session)();
      const page = await readAudit(
        {
          ...(actor === undefined ? {} : { actorId: actor }),
          ...(object === undefined ? {} : { object }),
          ...(action === undefined ? {} : { action }),
          ...(since === undefined ? {} : { sinceMs: since(nowMs) }),
          ...(until === undefined ? {} : { untilMs: until(nowMs) }),
        },
        { limit, ...(after === undefined ? {} : { after }) },
        session,
      );
      const text = page.entries.length === 0 ? 'None.\n' : entriesText(page.entries);
      session.print(text, { items: page.entries.map(shown), nextCursor: page.after ?? null });
      if (page.after !== undefined && !session.json) session.note(`There is more: --after ${page.after}`);
      return EXIT.ok;
    },
  );
}

function parsedAction(value: string): AuditAction {
  const action = AUDIT_ACTIONS.find((known) => known === value);
  if (action === undefined) throw new InvalidArgumentError(`It is one of ${AUDIT_ACTIONS.join(', ')}.`);
  return action;
}

function entriesText(entries: readonly AuditEntry[]): string {
  return table<AuditEntry>(
    [
      { heading: 'TIME', cell: ({ atMs }) => timeText(atMs) },
      { heading: 'ACTOR', cell: ({ actorId }) => actorId },
      { heading: 'ACTION', cell: ({ action }) => action },
      { heading: 'OBJECT', cell: ({ object }) => object },
      { heading: 'CHANGE', cell: changeText },
    ],
    entries,
  );
}

const CHANGE_CHARACTERS_MAX = 60;

/** Returns the reason, or the changed members as far as they fit on a line; `--json` shows all of them. */
function changeText({ reason, before, after }: AuditEntry): string {
  if (reason !== '') return reason;
  const member = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value ?? null));
  const text = Object.entries(after ?? before ?? {})
    .map(([name, value]) =>
      after !== null && before !== null && name in before
        ? `${name}: ${member(before[name])} → ${member(value)}`
        : `${name}: ${member(value)}`,
    )
    .join(', ');
  return text.length <= CHANGE_CHARACTERS_MAX ? text : `${text.slice(0, CHANGE_CHARACTERS_MAX - 1)}…`;
}

function shown({ atMs, actorType, actorId, ...entry }: AuditEntry) {
  return { ...entry, at: timeText(atMs), actor: { type: actorType, id: actorId } };
}
