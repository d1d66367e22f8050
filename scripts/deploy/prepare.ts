import { join } from 'node:path';
import { MANIFEST, packArtefacts } from './artefacts.ts';
import { DeployError } from './deploy-error.ts';
import { script, type DeployContext } from './deploy-context.ts';
import { initialise } from './terraform-steps.ts';

/** Builds, zips and initialises Terraform: the common start of all commands that read Terraform's configuration. */
export async function prepare(context: DeployContext): Promise<void> {
  const { note, root } = context.world;
  for (const [what, args] of [
    ['generated files', ['scripts/generate.ts']],
    ['functions', ['scripts/build.ts', '--renew-caches']],
  ] as const) {
    const { code } = await script(context, args, { shown: true });
    if (code !== 0) throw new DeployError(`The ${what} could not be built; what the build wrote is above.`);
  }
  const { artefacts } = await packArtefacts(root);
  note(`ok  ${Object.keys(artefacts).length} artefacts, listed in ${MANIFEST}`);
  await initialise(context);
}

/** Returns the path of a plan that the operator did not ask to keep. */
export function planFile({ world, target }: DeployContext): string {
  return join(world.root, '.build', 'terraform', `${target.project}-${target.environment}.tfplan`);
}
