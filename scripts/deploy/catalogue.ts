import { readFile } from 'node:fs/promises';
import { planText } from '#scripts/catalog/plan-text.ts';
import type { Plan } from '#shared/catalog/plan-catalog.ts';
import { said } from './check-access.ts';
import { commandLine } from './command-line.ts';
import { DeployError } from './deploy-error.ts';
import { script, type DeployContext } from './deploy-context.ts';
import type { Finished } from './programs.ts';
import type { Outputs } from './terraform-steps.ts';

/** The placeholders that a catalogue file may contain: `${network}`, `${region}`, `${subnetwork}`, `${zone}`. */
type Blanks = Readonly<Record<'network' | 'region' | 'subnetwork' | 'zone', string>>;

/** Where the catalogue with filled placeholders is written by default: `.build` is not under version control. */
const FILLED = '.build/catalog.json';

function blanksOf({ network }: Outputs): Blanks {
  // Every region of Google Cloud has a zone b; some have no zone a.
  return { ...network, zone: `${network.region}-b` };
}

/** Returns the text with its placeholders filled. Throws DeployError for an unknown placeholder. */
export function filledIn(text: string, outputs: Outputs): string {
  const blanks: Readonly<Record<string, string>> = blanksOf(outputs);
  return text.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = blanks[name];
    if (value === undefined) {
      throw new DeployError(`The catalogue has the blank \${${name}}; known are ${Object.keys(blanks).join(', ')}.`);
    }
    return value;
  });
}

/** Returns the text of a catalogue file, filled for this deployment. */
export async function filledCatalogue(file: string, outputs: Outputs): Promise<string> {
  try {
    return filledIn(await readFile(file, 'utf8'), outputs);
  } catch (thrown) {
    if (thrown instanceof DeployError) throw thrown;
    throw new DeployError(
      `The catalogue ${file} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  }
}

/** Returns what applying the file would change in the stored catalogue; changes nothing. */
export async function planCatalogue(context: DeployContext, file: string, outputs: Outputs): Promise<Plan> {
  const answer = await catalog(context, ['plan', '-', '--json'], { file, outputs });
  const plan = planIn(answer);
  if (plan === undefined) throw failed(context, 'planned', { answer, file, outputs });
  return plan;
}

/** Changes the stored catalogue to what the file says and prints the changes. Returns the file's tiers, by name. */
export async function applyCatalogue(
  context: DeployContext,
  file: string,
  outputs: Outputs,
): Promise<readonly string[]> {
  const answer = await catalog(context, ['apply', '-'], { file, outputs });
  if (answer.code !== 0) throw failed(context, 'applied', { answer, file, outputs });
  if (answer.stdout.trim() !== '') context.world.note(answer.stdout.trimEnd());
  context.world.note('ok  catalogue applied');
  return tiersOf(await filledCatalogue(file, outputs));
}

/** Returns a plan as text, under a heading. */
export function cataloguePlanText(plan: Plan): string {
  return `The catalogue:\n${planText(plan).trimEnd()}`;
}

/**
 * Whether the plan overwrites or removes stored entries, which may have been edited by hand; the operator is asked
 * first.
 */
export function overwrites(plan: Plan): boolean {
  return plan.items.some(({ change }) => change === 'change' || change === 'remove');
}

interface Source {
  readonly file: string;
  readonly outputs: Outputs;
}

async function catalog(context: DeployContext, args: readonly string[], { file, outputs }: Source): Promise<Finished> {
  const target = [`--project=${context.target.project}`, `--database=${outputs.database}`];
  const input = await filledCatalogue(file, outputs);
  return script(context, ['scripts/catalog.ts', ...args, ...target], { input });
}

/**
 * Returns the plan in a program's output. `undefined` if there is none: then the exit code 2 meant a wrong command
 * line.
 */
function planIn({ stdout }: Finished): Plan | undefined {
  try {
    const value: unknown = JSON.parse(stdout);
    return typeof value === 'object' && value !== null && 'items' in value ? (value as Plan) : undefined;
  } catch {
    return undefined;
  }
}

interface FailedSource extends Source {
  readonly answer: Finished;
}

function failed({ target }: DeployContext, what: 'applied' | 'planned', source: FailedSource): DeployError {
  const { answer, file, outputs } = source;
  const { project, region, environment, stateBucket, stateBucketNamed } = target;
  const bucket = stateBucketNamed ? [`--state-bucket=${stateBucket}`] : [];
  const where = [`--project=${project}`, `--region=${region}`, `--env=${environment}`, ...bucket];
  const database = [`--project=${project}`, `--database=${outputs.database}`];
  return new DeployError(`The catalogue could not be ${what}: ${said(answer)}`, [
    'To see by hand what it would change:',
    commandLine(['npm', 'run', 'deploy', '--', 'catalog', FILLED, ...where, `--catalog=${file}`]),
    commandLine(['npm', 'run', 'catalog', '--', 'plan', FILLED, ...database]),
    'To leave the stored catalogue as it is: --no-catalog',
  ]);
}

function tiersOf(catalogue: string): readonly string[] {
  const value: unknown = JSON.parse(catalogue);
  if (typeof value !== 'object' || value === null || !('tiers' in value)) return [];
  return typeof value.tiers === 'object' && value.tiers !== null ? Object.keys(value.tiers) : [];
}
