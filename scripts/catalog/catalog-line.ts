import { readFileSync, writeFileSync } from 'node:fs';
import { CommandLine, type Session, type Surroundings } from '#scripts/console/command-line.ts';
import { auditorOf } from '#scripts/console/command-auditor.ts';
import { EXIT, type ExitCode } from '#scripts/console/exit-codes.ts';
import { parseCatalog } from './parse-catalog.ts';
import { planText, summary } from './plan-text.ts';
import { applyCatalog } from '#shared/catalog/apply-catalog.ts';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { changeCount, planCatalog, type Plan } from '#shared/catalog/plan-catalog.ts';
import { exportCatalog } from '#shared/catalog/stored-catalog.ts';
import { Failure } from '#shared/domain/failure.ts';

interface FileOptions {
  readonly prune?: boolean;
}

const PRUNE = ['--prune', 'also remove what is stored and not in the file, in the sections that the file has'] as const;

/** The program `catalog`. */
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
          .addHelpText(
            'after',
            '\nExits with 0 when there is nothing to do, 2 when there is, 3 when it would be refused.',
          ),
    },
    async (session, [file = ''], { prune = false }: FileOptions) => {
      const plan = await planCatalog(session.store, catalogIn(file), { prune });
      session.print(planText(plan), plan);
      if (plan.refused.length > 0) return EXIT.refused;
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
          .addHelpText('after', '\nExits with 3, having changed nothing, when something to be removed is in use.'),
    },
    applyFile,
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

async function applyFile(
  session: Session,
  [file = '']: readonly string[],
  { prune = false }: FileOptions,
): Promise<ExitCode> {
  let planned: Plan | undefined;
  try {
    const plan = await applyCatalog(session.store, catalogIn(file), {
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
