import { readFileSync } from 'node:fs';
import path from 'node:path';
import { stateFolder } from '#scripts/console/command-clock.ts';
import type { CommandLine, Session } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { type Found, findWord } from '#shared/actions/find-word.ts';

/** Adds `find WORD`. */
export function addFindCommand(line: CommandLine): void {
  line.leaf(
    line.program,
    {
      usage: 'find',
      summary: 'say what an id or address is, and what happened to it',
      examples: ['find op-01jk2m3n4p5q6r7s8t9v --local', 'find 0cc175b9c0f1b6a831c399e269772661 --project my-project'],
      configure: (command) =>
        command.argument('<word>', 'error id, request id, instance, operation, user, customer, address or key id'),
    },
    async (session, [word = '']) => {
      const found = await findWord(word, session);
      const lines = localLines(session, word);
      const query = session.place.options.local === true ? null : loggingQuery(word);
      session.print(findText(word, { found, lines, query }), { word, found, logLines: lines, loggingQuery: query });
      return found.length + lines.length > 0 || query !== null ? EXIT.ok : EXIT.error;
    },
  );
}

interface Findings {
  readonly found: readonly Found[];
  readonly lines: readonly string[];
  readonly query: string | null;
}

function findText(word: string, { found, lines, query }: Findings): string {
  const what = found
    .map(({ what: kind, text, next }) => `${kind}: ${text}\n  → npm run platform -- ${next}\n`)
    .join('');
  const logged = lines.map((line) => `${line}\n`).join('');
  const ask = query === null ? '' : `In Cloud Logging:\n  ${query}\n`;
  const text = `${what}${logged}${ask}`;
  return text === '' ? `Nothing is known of ${word}.\n` : text;
}

/** Returns a Cloud Logging query. Ids consist of a few safe characters, so others are removed instead of escaped. */
function loggingQuery(word: string): string {
  const safe = word.replaceAll(/[^\w.:~+/=-]/g, '');
  return `gcloud logging read 'jsonPayload.errorId="${safe}" OR jsonPayload.requestId="${safe}" OR jsonPayload.operationId="${safe}" OR jsonPayload.instanceId="${safe}"' --freshness=7d`;
}

const LINES_MAX = 20;

function localLines({ place }: Session, word: string): readonly string[] {
  if (place.options.local !== true || word.length < 4) return [];
  let text: string;
  try {
    text = readFileSync(path.join(stateFolder(place), 'logs', 'functions.log'), 'utf8');
  } catch {
    // Without a log file nothing was logged yet.
    return [];
  }
  return text
    .split('\n')
    .filter((line) => line.includes(word))
    .slice(-LINES_MAX);
}
