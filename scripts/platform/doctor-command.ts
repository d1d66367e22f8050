import type { CommandLine, Session } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { checkStoredCatalog } from '#scripts/catalog/check-catalog.ts';
import { ComputeReader } from '#scripts/catalog/compute-reader.ts';
import { commandLine } from '#scripts/deploy/command-line.ts';
import { emulatorOf, withDesk } from './desk-tools.ts';
import { examine } from './doctor/examine.ts';
import type { Finding } from './doctor/finding.ts';
import { localFaults, localLogLines, probeLocal } from './doctor/local-cloud.ts';

/** Adds `doctor`. */
export function addDoctorCommand(line: CommandLine): void {
  line.leaf(
    line.program,
    {
      usage: 'doctor',
      summary: 'look for everything that is wrong, and say what repairs it; changes nothing',
      examples: ['doctor --local', 'doctor --project my-project --json'],
      configure: (command) =>
        command.addHelpText('after', '\nExits with 0 when nothing is at fault, 3 when something is.'),
    },
    async (session) => {
      const findings = await withDesk(session, (tools) =>
        examine(
          {
            ...tools,
            catalogFindings: () => checkStoredCatalog(session.store, readerOf(session)),
            deployCommand: deployCommandOf(session),
            logLines: () => localLogLines(session),
            probedAddress: () => probeLocal(session),
            injectedFaults: () => localFaults(session),
          },
          (check, found) => {
            const faults = found.filter(({ severity }) => severity === 'fault').length;
            session.note(`${faults === 0 ? 'ok   ' : 'FAULT'} ${check}`);
          },
        ),
      );
      const placed = findings.map((each) => ({ ...each, repair: withPlace(each.repair, session) }));
      session.print(findingsText(placed), { findings: placed });
      return findings.some(({ severity }) => severity === 'fault') ? EXIT.refused : EXIT.ok;
    },
  );
}

/** Commands of the desk in a text, up to what explains them; an argument in quotes may hold anything. */
const COMMANDS = /npm run (?:platform|accounts|catalog|recount) -- (?:'[^']*'|[^'])+?(?=$| \(|, |; )/g;

/** The text with the options by which the doctor was told where to work: its commands can be pasted as they are. */
function withPlace(repair: string, { place: { options } }: Session): string {
  const words = [
    ...(options.local === true ? ['--local'] : []),
    ...(['stateDir', 'project', 'env', 'database'] as const).flatMap((name) =>
      options[name] === undefined ? [] : [`--${name === 'stateDir' ? 'state-dir' : name}`, options[name]],
    ),
  ];
  return words.length === 0 ? repair : repair.replaceAll(COMMANDS, (command) => `${command} ${commandLine(words)}`);
}

/** The region is not in the records: the operator fills it in. */
function deployCommandOf(session: Session): string {
  const { target, options } = session.place;
  if (options.local === true) {
    const folder = options.stateDir === undefined ? [] : ['--state-dir', options.stateDir];
    return commandLine(['npm', 'run', 'deploy', '--', 'local', ...folder]);
  }
  const environment = options.env === undefined ? '' : ` --env ${options.env}`;
  return `npm run deploy -- apply --project ${target.project} --region REGION${environment}`;
}

function readerOf(session: Session): ComputeReader {
  const { project } = session.place.target;
  return new ComputeReader({ project, emulatorHost: emulatorOf(session, 'compute') });
}

function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'Nothing is at fault.\n';
  return findings
    .map(
      ({ severity, check, finding, repair }) => `${severity.toUpperCase()}  ${check}: ${finding}\n       → ${repair}\n`,
    )
    .join('');
}
