import { auditorOf } from '#scripts/console/command-auditor.ts';
import type { CommandLine } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { details } from '#scripts/console/table.ts';
import { readSweepStatus, releaseSweep, type SweepStatus } from '#shared/actions/release-sweep.ts';

/** `sweep status` and `sweep release`. */
export function addSweepCommands(line: CommandLine): void {
  const sweep = line.group('sweep', 'the brake that keeps lost records from becoming deleted machines');

  line.leaf(
    sweep,
    {
      usage: 'status',
      summary: 'show whether the sweep may touch machines without a record',
      examples: ['sweep status --local', 'sweep status --project my-project --json'],
    },
    async (session) => {
      const status = await readSweepStatus(session);
      session.print(textOf(status), { marker: status.marker ?? null, brake: status.brake ?? null });
      return EXIT.ok;
    },
  );

  line.leaf(
    sweep,
    {
      usage: 'release',
      summary: 'let the sweep go on with as many machines without a record as the brake has counted',
      changes: true,
      examples: ['sweep release --local', 'sweep release --project my-project'],
    },
    async (session) => {
      const release = await releaseSweep(auditorOf(session), session);
      const marked = release.marked ? ' The database is marked as the right one.' : '';
      const text = release.released
        ? `Released: up to ${release.unrecorded} machines without a record are stopped, and deleted after some days.${marked}\n`
        : 'The brake is off; nothing was to be released.\n';
      session.print(text, release);
      return EXIT.ok;
    },
  );
}

function textOf({ marker, brake }: SweepStatus): string {
  const time = (ms: number) => new Date(ms).toISOString();
  const database =
    marker === undefined ? 'not marked' : `${marker.database || '(default)'}, of ${time(marker.epochMs)}`;
  const about: [string, string][] = [['database', database]];
  if (brake === undefined) return `${details([['brake', 'off'], ...about])}\n`;
  const released = brake.releasedAtMs === null ? 'on' : `released ${time(brake.releasedAtMs)} by ${brake.releasedBy}`;
  return `${details([
    ['brake', released],
    ['since', time(brake.engagedAtMs)],
    ['machines', String(brake.machines)],
    ['records', String(brake.records)],
    ['without record', String(brake.unrecorded)],
    ...about,
  ])}\n`;
}
