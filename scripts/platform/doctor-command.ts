import type { CommandLine, Session } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { checkStoredCatalog } from '#scripts/catalog/check-catalog.ts';
import { ComputeReader } from '#scripts/catalog/compute-reader.ts';
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
