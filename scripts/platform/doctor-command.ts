import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandLine, Session } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { checkStoredCatalog } from '#scripts/catalog/check-catalog.ts';
import { ComputeReader } from '#scripts/catalog/compute-reader.ts';
import { commandLine } from '#scripts/deploy/command-line.ts';
import { runProgram } from '#scripts/deploy/programs.ts';
import { deploymentOf, emulatorOf, queuePrefixOf, UNREACHABLE, withDesk } from './desk-tools.ts';
import { examine } from './doctor/examine.ts';
import type { Finding, Probed } from './doctor/finding.ts';
import { localFaults, localLogLines, probeLocal } from './doctor/local-cloud.ts';
import { probeProject } from './doctor/project-probe.ts';
import { readSubscriptions, type Subscriptions } from './doctor/subscription-check.ts';

/** Adds `doctor`. */
export function addDoctorCommand(line: CommandLine): void {
  line.leaf(
    line.program,
    {
      usage: 'doctor',
      summary: 'look for everything that is wrong, and say what repairs it; changes nothing',
      examples: ['doctor --local', 'doctor --project my-project --json'],
      configure: (command) =>
        command.addHelpText(
          'after',
          '\nExits with 0 when nothing is at fault, 3 when something is.\n' +
            'It sends three requests without a credential through the public gateway; on a project it looks for their log lines with gcloud.',
        ),
    },
    async (session) => {
      const findings = await withDesk(session, (tools) =>
        examine(
          {
            ...tools,
            catalogFindings: () => checkStoredCatalog(session.store, readerOf(session)),
            deployCommand: deployCommandOf(session),
            logLines: () => localLogLines(session),
            probe: () => probeOf(session),
            subscriptions: () => subscriptionsOf(session),
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

/**
 * Matches the operators' commands (`npm run …`) in a text. A command ends at ` (`, `, `, `; ` or the end of the text; inside
 * single quotes these do not end it.
 */
const COMMANDS = /npm run (?:platform|accounts|catalog|recount) -- (?:'[^']*'|[^'])+?(?=$| \(|, |; )/g;

/** Adds the doctor's own options (project, environment, …) to the commands in a text, so that they can be pasted. */
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

/** The local cloud makes its subscriptions only when it starts. */
async function subscriptionsOf(session: Session): Promise<Subscriptions | undefined> {
  const emulatorHost = emulatorOf(session, 'pubsub');
  if (emulatorHost === UNREACHABLE) return undefined;
  const { project } = session.place.target;
  const found = await readSubscriptions({ project, prefix: queuePrefixOf(session), emulatorHost });
  const repair =
    session.place.options.local === true ? 'npm start (end the local cloud first)' : deployCommandOf(session);
  return { found, repair };
}

/** A bare Datastore emulator has no gateway. */
async function probeOf(session: Session): Promise<Probed | undefined> {
  const { target, options, environment } = session.place;
  if (options.local === true) return probeLocal(session);
  if (target.emulatorHost !== undefined) return undefined;
  return probeProject({
    project: target.project,
    environment: deploymentOf(session),
    requestId: `probe-${session.by.requestId}`,
    gcloud: (args) => runProgram('gcloud', args, { cwd: process.cwd(), environment: { ...environment, ...QUIET } }),
    sleep,
    note: (text) => session.note(text),
  });
}

/** Keeps gcloud from asking questions. */
const QUIET = { CLOUDSDK_CORE_DISABLE_PROMPTS: '1' };

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
