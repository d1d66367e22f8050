import { readFileSync, writeFileSync } from 'node:fs';
import { CommandLine, type Session, type Surroundings } from '#scripts/console/command-line.ts';
import { auditorOf } from '#scripts/console/command-auditor.ts';
import { EXIT, type ExitCode } from '#scripts/console/exit-codes.ts';
import { checkCatalog, checkStoredCatalog, findingsText } from './check-catalog.ts';
import type { CatalogFindings } from './check-machines.ts';
import { ComputeReader } from './compute-reader.ts';
import { parseCatalog } from './parse-catalog.ts';
import { planText, summary } from './plan-text.ts';
import { wholeCatalog } from './whole-catalog.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { changeCount, planCatalog, type Plan } from '#shared/catalog/plan-catalog.ts';
import { exportCatalog } from '#shared/catalog/stored-catalog.ts';
import { Failure } from '#shared/domain/failure.ts';

interface CheckOptions {
  readonly strict?: boolean;
  readonly cloud?: boolean;
}

interface FileOptions extends CheckOptions {
  readonly prune?: boolean;
}

const PRUNE = ['--prune', 'also remove what is stored and not in the file, in the sections that the file has'] as const;

const STRICT = ['--strict', 'refuse rows that Compute Engine can never make'] as const;
const CLOUD = ['--cloud', 'ask Compute Engine of the project whether machines, images and networks exist'] as const;

/** Returns the program `catalog`. */
export function catalogLine(surroundings?: Surroundings): CommandLine {
  const line = new CommandLine(
    'catalog',
    'Tiers, prices, spot prices, templates, network configs, server types, images, networks, subnets, security groups, ' +
      'ssh keys and volume types, as one JSON file.',
    surroundings,
  );

  line.program.addHelpText(
    'after',
    `
Usual order, on a project:
  npm run catalog -- export catalog.json --project my-project
  npm run catalog -- plan catalog.json --project my-project
  npm run catalog -- apply catalog.json --project my-project
`,
  );

  line.leaf(
    line.program,
    {
      usage: 'plan',
      summary: 'show what applying a file would do, and change nothing',
      examples: [
        'plan catalog.json --local',
        'plan catalog.json --project my-project --prune',
        'plan - --local < catalog.json',
      ],
      configure: (command) =>
        command
          .argument('<file>', 'catalogue file; - reads standard input')
          .option(...PRUNE)
          .option(...STRICT)
          .option(...CLOUD)
          .addHelpText(
            'after',
            '\nExits with 0 when there is nothing to do, 2 when there is, 3 when it would be refused; with --strict also for a ' +
              'row that can never work.',
          ),
    },
    async (session, [file = ''], options: FileOptions) => {
      const { prune = false, strict = false } = options;
      const catalog = catalogIn(file);
      const plan = await planCatalog(session.store, catalog, { prune });
      const findings = await findingsIn(session, catalog, options);
      session.print(findingsText(findings) + planText(plan), { ...plan, findings });
      if (plan.refused.length > 0 || (strict && findings.impossible.length > 0)) return EXIT.refused;
      return changeCount(plan) === 0 ? EXIT.ok : EXIT.usage;
    },
  );

  line.leaf(
    line.program,
    {
      usage: 'apply',
      summary: 'make what is stored be what the file says',
      changes: true,
      examples: ['apply catalog.json --local', 'apply catalog.json --project my-project --prune --json'],
      configure: (command) =>
        command
          .argument('<file>', 'catalogue file; - reads standard input')
          .option(...PRUNE)
          .option(...STRICT)
          .option(...CLOUD)
          .addHelpText('after', '\nExits with 3, having changed nothing, when something to be removed is in use.'),
    },
    applyFile,
  );

  line.leaf(
    line.program,
    {
      usage: 'check',
      summary: 'say which stored rows Compute Engine can never make, and why',
      examples: ['check --local', 'check --project my-project --cloud'],
      configure: (command) =>
        command.option(...CLOUD).addHelpText('after', '\nExits with 3 when there is a row that can never work.'),
    },
    async (session, _args, { cloud = false }: CheckOptions) => {
      const findings = await checkStoredCatalog(session.store, cloud ? computeReader(session) : undefined);
      const text = findingsText(findings);
      session.print(text === '' ? 'Every row can work.\n' : text, findings);
      return findings.impossible.length > 0 ? EXIT.refused : EXIT.ok;
    },
  );

  line.leaf(
    line.program,
    {
      usage: 'export',
      summary: 'write what is stored as a catalogue file',
      examples: ['export --local', 'export catalog.json --project my-project'],
      configure: (command) => command.argument('[file]', 'where to write it; standard output when absent'),
    },
    async (session, [file]) => {
      const catalog = await exportCatalog(session.store);
      const text = `${JSON.stringify(catalog, undefined, 2)}\n`;
      if (file === undefined || file === '-') {
        session.print(text, catalog);
        return EXIT.ok;
      }
      writeTo(file, text);
      const entries = Object.values(catalog).reduce((sum, section) => sum + Object.keys(section).length, 0);
      session.print(`${entries} entries written to ${file}.\n`, { file, entries });
      return EXIT.ok;
    },
  );

  return line;
}

async function applyFile(session: Session, [file = '']: readonly string[], options: FileOptions): Promise<ExitCode> {
  const { prune = false, strict = false } = options;
  let planned: Plan | undefined;
  const catalog = catalogIn(file);
  const findings = await findingsIn(session, catalog, options);
  if (findings.impossible.length > 0) session.note(findingsText({ ...findings, warnings: [] }).trimEnd());
  if (strict && findings.impossible.length > 0) {
    if (session.json) session.print('', { findings, applied: false });
    session.note('catalog: nothing was changed: rows that can never work are refused by --strict.');
    return EXIT.refused;
  }
  try {
    const plan = await applyCatalog(session.store, catalog, {
      prune,
      auditor: auditorOf(session),
      onPlan: (plan) => {
        planned = plan;
        if (!session.json) session.print(planText(plan), plan);
      },
      onProgress: ({ done, total }) => session.note(`${done} of ${total} written`),
    });
    const changed = changeCount(plan);
    session.print(changed === 0 ? '' : 'Done.\n', { ...plan, applied: true });
    return EXIT.ok;
  } catch (thrown) {
    if (planned === undefined || planned.refused.length === 0) throw thrown;
    if (session.json) session.print('', { ...planned, applied: false });
    session.note(
      `catalog: nothing was changed (${summary(planned).replace(/\.$/, '')}): what is in use cannot be removed.`,
    );
    return EXIT.refused;
  }
}

/** Returns what can never work in the catalogue that would result from applying the file. */
async function findingsIn(
  session: Session,
  catalog: Catalog,
  { prune = false, cloud = false }: FileOptions,
): Promise<CatalogFindings> {
  const rows = await wholeCatalog(session.store, catalog, { prune });
  return checkCatalog(rows, cloud ? computeReader(session) : undefined);
}

function computeReader({ target }: Session): ComputeReader {
  const { project, emulatorHost, computeHost } = target;
  // An emulator's Datastore does not say which Compute Engine is meant, and the project's name may be a real project's.
  if (emulatorHost !== undefined && computeHost === undefined) {
    throw new Failure('invalid_request', '--cloud needs to know where Compute Engine is: set COMPUTE_EMULATOR_HOST.', {
      reason: 'no_target',
    });
  }
  return new ComputeReader({ project, emulatorHost: computeHost });
}

function catalogIn(file: string): Catalog {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (thrown) {
    throw new Failure(
      'invalid_request',
      `${file} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      {
        reason: 'no_file',
        cause: thrown,
      },
    );
  }
  return parseCatalog(text);
}

function writeTo(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (thrown) {
    throw new Failure(
      'invalid_request',
      `${file} cannot be written: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      {
        reason: 'no_file',
        cause: thrown,
      },
    );
  }
}
