import { join } from 'node:path';
import { MANIFEST, packArtefacts } from './artefacts.ts';
import { applyCatalogue } from './catalogue.ts';
import { checkAccess } from './check-access.ts';
import { customerMachines, deleteMachines } from './customer-machines.ts';
import { DeployError } from './deploy-error.ts';
import { script, type DeployContext } from './deploy-context.ts';
import { smokeTest } from './smoke-test.ts';
import { applyPlan, destroyAll, initialise, outputs, plan, variables } from './terraform-steps.ts';

export interface ApplyOptions {
  /** Nobody is asked. */
  readonly yes: boolean;
  /** Catalogue file; `undefined` leaves the stored one as it is. */
  readonly catalogue: string | undefined;
}

export interface DestroyOptions {
  readonly yes: boolean;
  /** Said once: customers' instances go too. */
  readonly deleteInstances: boolean;
  /** Said twice: how many they are. */
  readonly confirmInstances: number | undefined;
}

/** Shows what `apply` would change, and changes nothing in the project. */
export async function planCommand(context: DeployContext): Promise<void> {
  await checkAccess(context, { prepare: false });
  await prepare(context);
  const changes = await plan(context, await variables(context), planFile(context));
  context.world.note(changes ? 'Nothing was changed. `apply` does the above.' : 'Everything is as it should be.');
}

/** Brings the project to what the repository says, and proves that it answers. Answers the address. */
export async function applyCommand(context: DeployContext, options: ApplyOptions): Promise<string> {
  const { note, ask } = context.world;
  const { project, environment } = context.target;
  await checkAccess(context, { prepare: true });
  await prepare(context);
  const file = planFile(context);
  if (await plan(context, await variables(context), file)) {
    if (!options.yes) {
      const answer = await ask(`Apply this to ${project} (${environment})? yes or no: `);
      if (answer === undefined)
        throw new DeployError('Nobody is there to say yes.', ['Add --yes to apply without asking.']);
      if (answer !== 'yes') throw new DeployError('Nothing was changed.');
    }
    await applyPlan(context, file);
  }
  note('ok  infrastructure');
  const made = await outputs(context);
  const tiers = options.catalogue === undefined ? [] : await applyCatalogue(context, options.catalogue, made);
  await smokeTest(context, made, tiers[0]);
  return made.address;
}

/** Removes what was deployed, but for the database and the state. Customers' instances are in the way, unless told twice. */
export async function destroyCommand(context: DeployContext, options: DestroyOptions): Promise<void> {
  const { note, ask } = context.world;
  const { project, environment } = context.target;
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
  const given = await variables(context);
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
