import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandLine, Session } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { checkStoredCatalog } from '#scripts/catalog/check-catalog.ts';
import { ComputeReader } from '#scripts/catalog/compute-reader.ts';
import { emulatorOf, stateFolder, withDesk } from './desk-tools.ts';
import { examine } from './doctor/examine.ts';
import { type Finding, FORGED_ADDRESS, type LogLine } from './doctor/finding.ts';

/** `doctor`. */
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
            logLines: () => localLogLines(session),
            probedAddress: () => probeLocal(session),
          },
          (check, found) => {
            const faults = found.filter(({ severity }) => severity === 'fault').length;
            session.note(`${faults === 0 ? 'ok   ' : 'FAULT'} ${check}`);
          },
        ),
      );
      session.print(findingsText(findings), { findings });
      return findings.some(({ severity }) => severity === 'fault') ? EXIT.refused : EXIT.ok;
    },
  );
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

const PROBE_LOOKS = 20;
const PROBE_PAUSE_MS = 100;

/** Asks the local cloud without a credential, and reads in its log whose address the function saw. */
async function probeLocal(session: Session): Promise<string | undefined> {
  const { place } = session;
  if (place.options.local !== true) return undefined;
  const { baseUrl } = JSON.parse(readFileSync(path.join(stateFolder(place), 'connection.json'), 'utf8')) as {
    readonly baseUrl: string;
  };
  const requestId = `probe-${session.by.requestId}`;
  await fetch(`${baseUrl}/api/compute/v1/templates`, {
    headers: { 'x-request-id': requestId, 'x-forwarded-for': FORGED_ADDRESS },
  });
  for (let look = 0; look < PROBE_LOOKS; look += 1) {
    const line = localLogLines(session).find((each) => each.requestId === requestId);
    if (line?.address !== undefined) return line.address;
    await sleep(PROBE_PAUSE_MS);
  }
  return undefined;
}

/** Lines of the local cloud's logs; none for a project, whose logs are in Cloud Logging. */
function localLogLines({ place }: Session): readonly LogLine[] {
  if (place.options.local !== true) return [];
  const folder = path.join(stateFolder(place), 'logs');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log') || name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(path.join(folder, name), 'utf8').split('\n'))
    .flatMap((text) => {
      try {
        return [JSON.parse(text) as LogLine];
      } catch {
        // Not every line is of a function.
        return [];
      }
    });
}
