import { apiKeyState } from '#shared/domain/credential-state.ts';
import { type Command, Option } from 'commander';
import { type CommandLine, parsedDuration } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { details } from '#scripts/console/table.ts';
import { createApiKey, type IssuedApiKey, listApiKeys, revokeApiKey, rotateApiKey } from '#shared/accounts/api-keys.ts';
import { fleetKey, oneStringKey } from '#shared/accounts/credential-text.ts';
import type { ApiKey } from '#shared/datastore/account-rows.ts';
import { contextOf, paged, pageOf, type PageOptions, printPage, timeText } from './command-context.ts';

export function addKeyCommands(line: CommandLine): void {
  const keys = line.group('keys', 'API keys of users; secrets are shown once, when they are made');

  line.leaf(
    keys,
    {
      usage: 'create',
      summary: 'make an API key and show its secret, once',
      changes: true,
      examples: [
        'keys create --user 550e8400-e29b-41d4-a716-446655440000 --name laptop --expires 90d --local',
        'keys create --user 550e8400-e29b-41d4-a716-446655440000 --name ci --expires never --json --project my-project',
      ],
      configure: (command) =>
        expiring(
          command.requiredOption('--user <id>', 'whose key it is').requiredOption('--name <name>', 'what it is for'),
          'how long it is good for: 90d, 12h, 30m, never',
          '90d',
        ),
    },
    async (session, _, { user, name, expires }: { user: string; name: string; expires?: number | 'never' }) => {
      const issued = await createApiKey(contextOf(session), { userId: user, name, ttlMs: ttlOf(expires) ?? null });
      session.print(issuedText(issued), issuedValue(issued));
      return EXIT.ok;
    },
  );

  line.leaf(
    keys,
    {
      usage: 'list',
      summary: 'list API keys, without their secrets',
      examples: [
        'keys list --local',
        'keys list --user 550e8400-e29b-41d4-a716-446655440000 --json --project my-project',
      ],
      configure: (command) => paged(command.option('--user <id>', 'only those of this user')),
    },
    async (session, _, options: PageOptions & { user?: string }) => {
      const context = contextOf(session);
      const { items, cursor } = await listApiKeys(context, {
        ...pageOf(options),
        ...(options.user === undefined ? {} : { userId: options.user }),
      });
      const shown = items.map((row) => keyValue(row.value, context.clock.nowMs()));
      return printPage(session, { items: shown, cursor }, [
        { heading: 'ID', cell: ({ id }) => id },
        { heading: 'STATE', cell: ({ state }) => state },
        { heading: 'USER', cell: ({ userId }) => userId },
        { heading: 'EXPIRES', cell: ({ expiresAt }) => expiresAt ?? 'never' },
        { heading: 'LAST USED', cell: ({ lastUsedAt }) => lastUsedAt ?? 'never' },
        { heading: 'NAME', cell: ({ name }) => name },
      ]);
    },
  );

  line.leaf(
    keys,
    {
      usage: 'revoke',
      summary: 'end an API key; functions notice within a minute',
      changes: true,
      examples: ['keys revoke ak_live_0123456789abcdef --local'],
      configure: (command) => command.argument('<id>', 'ak_live_…, without the secret'),
    },
    async (session, [id = '']) => {
      const context = contextOf(session);
      const key = await revokeApiKey(context, id);
      session.print(
        `Key ${key.id} is revoked since ${timeText(key.revokedAtMs)}.\n`,
        keyValue(key, context.clock.nowMs()),
      );
      return EXIT.ok;
    },
  );

  line.leaf(
    keys,
    {
      usage: 'rotate',
      summary: 'make a new API key in the place of one, which stays good for a while',
      changes: true,
      examples: [
        'keys rotate ak_live_0123456789abcdef --local',
        'keys rotate ak_live_0123456789abcdef --grace 7d --expires 90d --project my-project',
      ],
      configure: (command) =>
        expiring(
          command
            .argument('<id>', 'ak_live_…, without the secret')
            .addOption(
              new Option('--grace <duration>', 'how long the old key is still good for')
                .argParser(parsedDuration)
                .default(parsedDuration('24h'), '24h'),
            ),
          'how long the new one is good for (default: as long as the old one was)',
        ),
    },
    async (session, [id = ''], { grace, expires }: { grace: number; expires?: number | 'never' }) => {
      const ttlMs = ttlOf(expires);
      const issued = await rotateApiKey(contextOf(session), id, {
        graceMs: grace,
        ...(ttlMs === undefined ? {} : { ttlMs }),
      });
      const until = timeText(issued.previous.expiresAtMs);
      session.print(`${issuedText(issued)}\nThe old key ${id} is good until ${until}.\n`, {
        ...issuedValue(issued),
        previous: { id, expiresAt: until },
      });
      return EXIT.ok;
    },
  );
}

function expiring(command: Command, description: string, byDefault?: string): Command {
  const parsed = (value: string) => (value === 'never' ? 'never' : parsedDuration(value));
  const option = new Option('--expires <duration>', description).argParser(parsed);
  return command.addOption(byDefault === undefined ? option : option.default(parsed(byDefault), byDefault));
}

/** Returns `undefined` if the option is absent, and `null` for a key that does not expire. */
function ttlOf(expires: number | 'never' | undefined): number | null | undefined {
  return expires === 'never' ? null : expires;
}

/** Returns the members of a key that may be shown; even the hash of its secret is left out. */
function keyValue(key: ApiKey, nowMs: number) {
  const { id, userId, customerId, name } = key;
  return {
    id,
    userId,
    customerId,
    name,
    state: apiKeyState(key, nowMs),
    createdAt: timeText(key.createdAtMs),
    expiresAt: key.expiresAtMs === null ? null : timeText(key.expiresAtMs),
    revokedAt: key.revokedAtMs === null ? null : timeText(key.revokedAtMs),
    lastUsedAt: key.lastUsedAtMs === null ? null : timeText(key.lastUsedAtMs),
  };
}

function issuedValue({ row, secret }: IssuedApiKey) {
  return {
    ...keyValue(row, row.createdAtMs),
    apiKey: row.id,
    apiSecret: secret,
    xApiKey: oneStringKey(row.id, secret),
    bearer: fleetKey(row.id, secret),
  };
}

function issuedText({ row, secret }: IssuedApiKey): string {
  return (
    details([
      ['api-key', row.id],
      ['api-secret', secret],
      ['X-API-Key', oneStringKey(row.id, secret)],
      ['Bearer', fleetKey(row.id, secret)],
      ['expires', timeText(row.expiresAtMs)],
    ]) + '\nKeep the secret: it is not stored and cannot be shown again.\n'
  );
}
