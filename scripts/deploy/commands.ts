import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Plan } from '#shared/catalog/plan-catalog.ts';
import { applyCatalogue, cataloguePlanText, filledCatalogue, overwrites, planCatalogue } from './catalogue.ts';
import { checkAccess } from './check-access.ts';
import { checkVarFiles, databaseOf, type Database } from './database.ts';
import { DeployError } from './deploy-error.ts';
import type { DeployContext } from './deploy-context.ts';
import { describePlan, putOnRecord } from './on-record.ts';
import { planIn, readPlanBundle, writePlanBundle } from './plan-bundle.ts';
import { planFile, prepare } from './prepare.ts';
import { smokeTest } from './smoke-test.ts';
import { applyPlan, initialise, outputs, outputsSoFar, plan, variables, type Outputs } from './terraform-steps.ts';
import { makeTtlPolicies } from './ttl-policies.ts';

export interface PlanOptions {
  /** Catalogue file; `undefined` leaves the stored one as it is. */
  readonly catalogue: string | undefined;
  /** Folder that receives the plan and all files that applying it needs; `undefined`: none are kept. */
  readonly out?: string | undefined;
}

export interface ApplyOptions {
  /** Catalogue file; `undefined` leaves the stored one as it is. */
  readonly catalogue: string | undefined;
  /** Apply without asking for confirmation. */
  readonly yes: boolean;
  /** Folder of a reviewed plan: exactly this plan is applied, and nothing is built. */
  readonly plan?: string | undefined;
}

export interface CatalogueOptions {
  readonly catalogue: string;
  /** File to write; `undefined`: standard output. */
  readonly output: string | undefined;
}

/** Prints what `apply` would change; changes nothing in the project. */
export async function planCommand(context: DeployContext, options: PlanOptions): Promise<void> {
  const { note } = context.world;
  await checkVarFiles(context);
  await checkAccess(context, { prepare: false });
  await prepare(context);
  const database = await databaseOf(context);
  const { out } = options;
  if (out !== undefined) await mkdir(out, { recursive: true });
  const changes = await plan(
    context,
    variables(context, database),
    out === undefined ? planFile(context) : planIn(out),
  );
  const catalogue = await cataloguePlan(context, options, database);
  if (out !== undefined) {
    const { project, region, environment } = context.target;
    const shown = catalogue ?? null;
    await writePlanBundle(context, out, {
      project,
      region,
      environment,
      database: database.id,
      changes,
      catalogue: shown,
    });
    note(`ok  the plan is in ${out}`);
  }
  const toWrite = catalogue?.items.some(({ change }) => change !== 'keep') ?? false;
  note(changes || toWrite ? 'Nothing was changed. `apply` does the above.' : 'Everything is as it should be.');
}

/** Deploys what the repository describes and tests that the API answers. Returns its address. */
export async function applyCommand(context: DeployContext, options: ApplyOptions): Promise<string> {
  await checkVarFiles(context);
  await checkAccess(context, { prepare: true });
  const shown =
    options.plan === undefined ? await planAndApply(context, options) : await applyReviewed(context, options.plan);
  context.world.note('ok  infrastructure');
  return finish(context, options, shown);
}

/** Plans, asks for confirmation and applies. Returns the catalogue's plan as it was shown. */
async function planAndApply(context: DeployContext, options: ApplyOptions): Promise<Plan | undefined> {
  await prepare(context);
  const database = await databaseOf(context);
  const file = planFile(context);
  const changes = await plan(context, variables(context, database), file);
  const shown = await cataloguePlan(context, options, database);
  if (changes || (shown !== undefined && overwrites(shown))) {
    await agreed(context, options, { what: 'this', otherwise: 'Nothing was changed.' });
  }
  if (changes) await applyOnRecord(context, file, database);
  return shown;
}

/** Applies a reviewed plan without asking; Terraform refuses it if the state has changed since. */
async function applyReviewed(context: DeployContext, folder: string): Promise<Plan | undefined> {
  const bundle = await readPlanBundle(context, folder);
  await initialise(context);
  if (bundle.changes) {
    const exists = (await outputsSoFar(context))?.database === bundle.database;
    await applyOnRecord(context, planIn(folder), { id: bundle.database, exists });
  }
  return bundle.catalogue ?? undefined;
}

/** The first deployment makes the database in which it is on record; every other one is on record before it begins. */
async function applyOnRecord(
  context: DeployContext,
  file: string,
  database: Pick<Database, 'id' | 'exists'>,
): Promise<void> {
  const change = { action: 'deploy.apply', database: database.id, ...(await describePlan(context, file)) } as const;
  if (database.exists) await putOnRecord(context, change);
  await applyPlan(context, file);
  if (!database.exists) await putOnRecord(context, change);
}

/** What follows once the infrastructure is there: TTL policies, the catalogue, the test of the deployed API. */
export async function finish(context: DeployContext, options: ApplyOptions, shown: Plan | undefined): Promise<string> {
  const made = await outputs(context);
  warnOfSilence(context, made);
  await makeTtlPolicies(context, made.database);
  const tiers = await bringCatalogue(context, options, { made, shown });
  await smokeTest(context, made, tiers[0]);
  return made.address;
}

/** Warns if alerts are sent to no one. */
function warnOfSilence({ target, world }: DeployContext, { alertsGoTo }: Outputs): void {
  if (alertsGoTo !== '') return;
  world.note('!!  NO ALERT REACHES ANYBODY: no notification channel is set.');
  world.note(
    `!!  Write alerts = { email = "operators@example.com" } into infra/${target.environment}.tfvars and apply again.`,
  );
}

/** Writes the catalogue with filled placeholders, as `npm run catalog` reads it. */
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

/**
 * Prints what would change in the stored catalogue, and returns it; `undefined` if there is no database to compare
 * with.
 */
async function cataloguePlan(
  context: DeployContext,
  { catalogue }: PlanOptions,
  database: Database,
): Promise<Plan | undefined> {
  if (catalogue === undefined) return undefined;
  const made = database.exists ? await outputsSoFar(context) : undefined;
  // The outputs are those of the last apply, which may belong to another database than this apply uses.
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
  /** The catalogue's plan that the operator has confirmed. */
  readonly shown: Plan | undefined;
}

/**
 * Applies the catalogue; asks if that would change entries in a way that was not shown before. Returns the file's
 * tiers.
 */
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
  /** What remains the case if the operator declines. */
  readonly otherwise: string;
}

/** Throws DeployError unless the operator confirms. */
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
