import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { clockOf } from '#scripts/console/command-clock.ts';
import { parsedLimit, type Session } from '#scripts/console/command-line.ts';
import type { AccountsContext, ListPage } from '#shared/accounts/accounts-context.ts';
import { table, type Column } from '#scripts/console/table.ts';
import { EXIT, type ExitCode } from '#scripts/console/exit-codes.ts';

/** The clock of what is worked on, and real randomness, over the session's store; and who is at work. */
export function contextOf(session: Session): AccountsContext {
  return { store: session.store, clock: { nowMs: clockOf(session) }, random: randomBytes, by: session.by };
}

export interface PageOptions {
  readonly limit: number;
  readonly after?: string;
}

/** Adds the options that every list command has. */
export function paged(command: Command): Command {
  return command
    .option('--limit <number>', 'how many to show at most, 1 to 1000', parsedLimit, 100)
    .option('--after <cursor>', 'go on where an earlier list ended');
}

export function pageOf(options: PageOptions): { readonly limit: number; readonly cursor?: string } {
  return { limit: options.limit, ...(options.after === undefined ? {} : { cursor: options.after }) };
}

/** Prints a page as a table, or as `{items, nextCursor}`. */
export function printPage<T>(session: Session, page: ListPage<T>, columns: readonly Column<T>[]): ExitCode {
  const text = page.items.length === 0 ? 'None.\n' : table(columns, page.items);
  session.print(text, { items: page.items, nextCursor: page.cursor ?? null });
  if (page.cursor !== undefined && !session.json) session.note(`There is more: --after ${page.cursor}`);
  return EXIT.ok;
}

/** RFC 3339 in UTC, to the second; `never` for `null`. */
export function timeText(ms: number | null): string {
  return ms === null ? 'never' : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
