import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Plan } from '#shared/catalog/plan-catalog.ts';
import { MANIFEST, packArtefacts } from './artefacts.ts';
import { applyCatalogue, cataloguePlanText, filledCatalogue, overwrites, planCatalogue } from './catalogue.ts';
import { checkAccess } from './check-access.ts';
import { customerMachines, deleteMachines } from './customer-machines.ts';
import { checkVarFiles, databaseOf, databaseToLeave, type Database } from './database.ts';
import { DeployError } from './deploy-error.ts';
import { script, type DeployContext } from './deploy-context.ts';
import { smokeTest } from './smoke-test.ts';
import {
  applyPlan,
  destroyAll,
  initialise,
  outputs,
  outputsSoFar,
  plan,
  variables,
  type Outputs,
} from './terraform-steps.ts';

export interface PlanOptions {
  /** Catalogue file; `undefined` leaves the stored one as it is. */
  readonly catalogue: string | undefined;
}

export interface ApplyOptions extends PlanOptions {
  /** Nobody is asked. */
  readonly yes: boolean;
}

export interface CatalogueOptions {
  readonly catalogue: string;
  /** File to write; `undefined` is standard output. */
  readonly output: string | undefined;
}

export interface DestroyOptions {
  readonly yes: boolean;
  /** Said once: customers' instances go too. */
  readonly deleteInstances: boolean;
  /** Said twice: how many they are. */
  readonly confirmInstances: number | undefined;
}

/** Shows what `apply` would change, and changes nothing in the project. */
export async function planCommand(context: DeployContext, options: PlanOptions): Promise<void> {
  const { note } = context.world;
  await checkVarFiles(context);
  await checkAccess(context, { prepare: false });
  await prepare(context);
  const database = await databaseOf(context);
  const changes = await plan(context, variables(context, database), planFile(context));
  const catalogue = await cataloguePlan(context, options, database);
  const toWrite = catalogue?.items.some(({ change }) => change !== 'keep') ?? false;
  note(changes || toWrite ? 'Nothing was changed. `apply` does the above.' : 'Everything is as it should be.');
}

/** Brings the project to what the repository says, and proves that it answers. Answers the address. */
export async function applyCommand(context: DeployContext, options: ApplyOptions): Promise<string> {
  const { note } = context.world;
  await checkVarFiles(context);
  await checkAccess(context, { prepare: true });
  await prepare(context);
  const database = await databaseOf(context);
  const file = planFile(context);
  const changes = await plan(context, variables(context, database), file);
  const shown = await cataloguePlan(context, options, database);
  if (changes || (shown !== undefined && overwrites(shown))) {
    await agreed(context, options, { what: 'this', otherwise: 'Nothing was changed.' });
  }
  if (changes) await applyPlan(context, file);
  note('ok  infrastructure');
  const made = await outputs(context);
  const tiers = await bringCatalogue(context, options, { made, shown });
  await smokeTest(context, made, tiers[0]);
  return made.address;
}

/** Writes the catalogue with its blanks filled in, as `npm run catalog` takes it. */
export async function catalogueCommand(context: DeployContext, options: CatalogueOptions): Promise<string | undefined> {
  await checkAccess(context, { prepare: false });
  await initialise(context);
  const text = await filledCatalogue(options.catalogue, await outputs(context));
  if (options.output === undefined) return text;
  try {
    await mkdir(dirname(options.output), { recursive: true });
    await writeFile(options.output, text);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new DeployError(`${options.output} cannot be written: ${why}`);
  }
  context.world.note(`ok  catalogue written to ${options.output}`);
  return undefined;
}

/** Shows what would become of the stored catalogue; `undefined` while there is none to look at. */
async function cataloguePlan(
  context: DeployContext,
  { catalogue }: PlanOptions,
  database: Database,
): Promise<Plan | undefined> {
  if (catalogue === undefined) return undefined;
  const made = database.exists ? await outputsSoFar(context) : undefined;
  // Outputs are those of the last apply, before this one goes over to another database.
  if (made?.database !== database.id) {
    context.world.note('--  the catalogue: what it changes is shown when the infrastructure is there');
    return undefined;
  }
  const planned = await planCatalogue(context, catalogue, made);
  context.world.note(cataloguePlanText(planned));
  return planned;
}

interface Deployed {
  readonly made: Outputs;
  /** What somebody has agreed to already. */
  readonly shown: Plan | undefined;
}

/** Writes the catalogue; asks when that would change entries in a way that was not shown before. Answers its tiers. */
async function bringCatalogue(
  context: DeployContext,
  options: ApplyOptions,
  { made, shown }: Deployed,
): Promise<readonly string[]> {
  if (options.catalogue === undefined) return [];
  const planned = await planCatalogue(context, options.catalogue, made);
  if (overwrites(planned) && JSON.stringify(planned) !== JSON.stringify(shown)) {
    context.world.note(cataloguePlanText(planned));
    const otherwise = 'The infrastructure is as it should be; the catalogue was not changed.';
    await agreed(context, options, { what: 'the catalogue', otherwise });
  }
  return applyCatalogue(context, options.catalogue, made);
}

interface Question {
  readonly what: string;
  /** How things are when nobody agrees. */
  readonly otherwise: string;
}

/** Throws DeployError unless somebody says yes. */
async function agreed(
  { target, world }: DeployContext,
  { yes }: ApplyOptions,
  { what, otherwise }: Question,
): Promise<void> {
  if (yes) return;
  const answer = await world.ask(`Apply ${what} to ${target.project} (${target.environment})? yes or no: `);
  if (answer === undefined)
    throw new DeployError(`Nobody is there to say yes. ${otherwise}`, [
      'Add --yes to apply without asking, or --no-catalog to leave the stored catalogue as it is.',
    ]);
  if (answer !== 'yes') throw new DeployError(otherwise);
}

/** Removes what was deployed, but for the database and the state. Customers' instances are in the way, unless told twice. */
export async function destroyCommand(context: DeployContext, options: DestroyOptions): Promise<void> {
  const { note, ask } = context.world;
  const { project, environment } = context.target;
  await checkVarFiles(context);
  await checkAccess(context, { prepare: false });
  const machines = await customerMachines(context);
  if (machines.length > 0 && !(options.deleteInstances && options.confirmInstances === machines.length)) {
    const names = machines.slice(0, 5).map(({ name }) => name);
    const rest = machines.length > names.length ? ` and ${machines.length - names.length} more` : '';
    throw new DeployError(
      `Customers have ${machines.length} instances in ${project} (${environment}): ${names.join(', ')}${rest}.`,
      [`To delete them with all their disks, add --delete-instances --confirm-instances ${machines.length}`],
    );
  }
  if (!options.yes) {
    const wanted = `${project}/${environment}`;
    const answer = await ask(`This removes the API of ${wanted}. Type ${wanted} to go on: `);
    if (answer === undefined)
      throw new DeployError('Nobody is there to confirm.', ['Add --yes to destroy without asking.']);
    if (answer !== wanted) throw new DeployError('Nothing was destroyed.');
  }
  await prepare(context);
  const given = variables(context, await databaseToLeave(context));
  await deleteMachines(context, machines);
  await destroyAll(context, given);
  note('The database and the bucket of the state are left; infra/README.md says how to remove them.');
}

/** Builds, zips and connects Terraform: what all commands need before they look at the configuration. */
async function prepare(context: DeployContext): Promise<void> {
  const { note, root } = context.world;
  for (const [what, args] of [
    ['generated files', ['scripts/generate.ts']],
    ['functions', ['scripts/build.ts']],
  ] as const) {
    const { code } = await script(context, args, { shown: true });
    if (code !== 0) throw new DeployError(`The ${what} could not be built; what the build wrote is above.`);
  }
  const { artefacts } = await packArtefacts(root);
  note(`ok  ${Object.keys(artefacts).length} artefacts, listed in ${MANIFEST}`);
  await initialise(context);
}

function planFile({ world, target }: DeployContext): string {
  return join(world.root, '.build', 'terraform', `${target.project}-${target.environment}.tfplan`);
}
