import { Option } from 'commander';
import { type CommandLine, parsedDuration } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { details } from '#scripts/console/table.ts';
import {
  createSession,
  listSessions,
  revokeSession,
  revokeSessionsOf,
  sessionState,
} from '#shared/accounts/sessions.ts';
import type { Session as SessionRow } from '#shared/datastore/account-rows.ts';
import { contextOf, paged, pageOf, type PageOptions, printPage, timeText } from './command-context.ts';

export function addSessionCommands(line: CommandLine): void {
  const sessions = line.group('sessions', 'bearer tokens of users; tokens are shown once, when they are made');

  line.leaf(
    sessions,
    {
      usage: 'create',
      summary: 'make a session and show its token, once',
      changes: true,
      examples: ['sessions create --user 550e8400-e29b-41d4-a716-446655440000 --ttl 12h --local'],
      configure: (command) =>
        command
          .requiredOption('--user <id>', 'whose session it is')
          .addOption(
            new Option('--ttl <duration>', 'how long it lasts: 12h, 30m, 7d')
              .argParser(parsedDuration)
              .default(parsedDuration('12h'), '12h'),
          ),
    },
    async (session, _, { user, ttl }: { user: string; ttl: number }) => {
      const { id, row, token } = await createSession(contextOf(session), { userId: user, ttlMs: ttl });
      session.print(
        details([
          ['token', token],
          ['session', id],
          ['expires', timeText(row.expiresAtMs)],
        ]) + '\nKeep the token: it is not stored and cannot be shown again.\n',
        { ...sessionValue(id, row, row.createdAtMs), token },
      );
      return EXIT.ok;
    },
  );

  line.leaf(
    sessions,
    {
      usage: 'list',
      summary: 'list sessions, without their tokens',
      examples: ['sessions list --user 550e8400-e29b-41d4-a716-446655440000 --local'],
      configure: (command) => paged(command.option('--user <id>', 'only those of this user')),
    },
    async (session, _, options: PageOptions & { user?: string }) => {
      const context = contextOf(session);
      const { items, cursor } = await listSessions(context, {
        ...pageOf(options),
        ...(options.user === undefined ? {} : { userId: options.user }),
      });
      const shown = items.map((row) => sessionValue(row.id, row.value, context.clock.nowMs()));
      return printPage(session, { items: shown, cursor }, [
        { heading: 'ID', cell: ({ id }) => id },
        { heading: 'STATE', cell: ({ state }) => state },
        { heading: 'USER', cell: ({ userId }) => userId },
        { heading: 'EXPIRES', cell: ({ expiresAt }) => expiresAt },
      ]);
    },
  );

  line.leaf(
    sessions,
    {
      usage: 'revoke',
      summary: 'end a session, or all of a user; functions notice within a minute',
      changes: true,
      examples: [
        'sessions revoke 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --local',
        'sessions revoke --user 550e8400-e29b-41d4-a716-446655440000 --local',
      ],
      configure: (command) =>
        command
          .argument('[id]', 'id of a session, as the list shows it')
          .option('--user <id>', 'all sessions of this user'),
      check: ([id], { user }: { user?: string }) =>
        (id === undefined) === (user === undefined)
          ? 'Say which session, or give --user for all of a user.'
          : undefined,
    },
    async (session, [id], { user }: { user?: string }) => {
      const context = contextOf(session);
      if (user !== undefined) {
        const revoked = await revokeSessionsOf(context, user);
        session.print(`${revoked} sessions of ${user} revoked.\n`, { userId: user, revoked });
        return EXIT.ok;
      }
      const row = await revokeSession(context, id ?? '');
      const value = sessionValue(id ?? '', row, context.clock.nowMs());
      session.print(`Session ${value.id} is revoked since ${timeText(row.revokedAtMs)}.\n`, value);
      return EXIT.ok;
    },
  );
}

function sessionValue(id: string, row: SessionRow, nowMs: number) {
  return {
    id,
    userId: row.userId,
    customerId: row.customerId,
    state: sessionState(row, nowMs),
    createdAt: timeText(row.createdAtMs),
    expiresAt: timeText(row.expiresAtMs),
    revokedAt: row.revokedAtMs === null ? null : timeText(row.revokedAtMs),
  };
}
