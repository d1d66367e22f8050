import { auditorOf } from '#scripts/console/command-auditor.ts';
import { clockOf } from '#scripts/console/command-clock.ts';
import type { CommandLine } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { details } from '#scripts/console/table.ts';
import { readSweepStatus, releaseSweep, type RoundStatus, type SweepStatus } from '#shared/actions/release-sweep.ts';
import { readOrphan, removeOrphanNow } from '#shared/actions/remove-orphan-now.ts';
import { ageText } from './age-text.ts';

/** Adds `sweep status|release|remove`. */
export function addSweepCommands(line: CommandLine): void {
  const sweep = line.group(
    'sweep',
    'what the sweep found, and the brake that keeps lost records from becoming deleted machines',
  );

  line.leaf(
    sweep,
    {
      usage: 'status',
      summary:
        'show when the last sweep ran and how far the present one is, what it has on its list, and whether it may touch machines without a record',
      examples: ['sweep status --local', 'sweep status --project my-project --json'],
    },
    async (session) => {
      const status = await readSweepStatus(session);
      const { marker = null, brake = null, ranAtMs = null, round = null, orphans, orphanDisks } = status;
      session.print(textOf(status, clockOf(session)()), { ranAtMs, round, orphans, orphanDisks, marker, brake });
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

  line.leaf(
    sweep,
    {
      usage: 'remove',
      summary:
        'delete a VM or disk without a record with the next sweep, not after days; shows what it would do unless --yes is given',
      changes: true,
      examples: [
        'sweep remove tw-550e84-a1b2c3d4 --local',
        'sweep remove tw-550e84-a1b2c3d4 --yes --project my-project',
      ],
      configure: (command) =>
        command.argument('<name>', 'as `doctor` and `sweep status` name it').option('--yes', 'do it'),
    },
    async (session, [name = ''], { yes = false }: { readonly yes?: boolean }) => {
      const orphan = yes ? await removeOrphanNow(name, auditorOf(session), session) : await readOrphan(name, session);
      const { what, zone, foundAtMs } = orphan;
      const found = `found ${new Date(foundAtMs).toISOString()}`;
      session.print(
        yes
          ? `The next sweep deletes the ${what} ${name} in ${zone}, for good.\n`
          : `Would delete the ${what} ${name} in ${zone}, ${found}, for good. Nothing was done: add --yes to do it.\n`,
        { ...orphan, done: yes },
      );
      return EXIT.ok;
    },
  );
}

const NAMES_MAX = 5;

function listText(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length > NAMES_MAX ? `, and ${names.length - NAMES_MAX} more` : '';
  return `${names.slice(0, NAMES_MAX).join(', ')}${more}`;
}

/** How far the round is: its slices, its age, and where the open slices are. */
function roundText(round: RoundStatus | undefined, nowMs: number): string {
  if (round === undefined) return 'none yet';
  const { epoch, startedAtMs, endedAtMs, slices, done, failed, at } = round;
  const failures = failed === 0 ? '' : `, ${failed} failed`;
  const progress = `${epoch}: ${done} of ${slices} slices done${failures}`;
  if (endedAtMs !== null) return `${progress}, ended ${ageText(nowMs - endedAtMs)} ago`;
  const places = at.map(({ zone, after }) => `${zone || 'all zones'}${after === '' ? '' : ` after ${after}`}`);
  return `${progress}, began ${ageText(nowMs - startedAtMs)} ago; at: ${listText(places)}`;
}

function textOf({ marker, brake, ranAtMs, round, orphans, orphanDisks }: SweepStatus, nowMs: number): string {
  const time = (ms: number) => new Date(ms).toISOString();
  const database =
    marker === undefined ? 'not marked' : `${marker.database || '(default)'}, of ${time(marker.epochMs)}`;
  const about: [string, string][] = [
    ['last sweep', ranAtMs === undefined ? 'none yet' : `${time(ranAtMs)}, ${ageText(nowMs - ranAtMs)} ago`],
    ['round', roundText(round, nowMs)],
    ['VMs to remove', listText(orphans)],
    ['disks to remove', listText(orphanDisks)],
    ['database', database],
  ];
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
