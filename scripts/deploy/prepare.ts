import { join } from 'node:path';
import { MANIFEST, packArtefacts } from './artefacts.ts';
import { DeployError } from './deploy-error.ts';
import { script, type DeployContext } from './deploy-context.ts';
import { initialise } from './terraform-steps.ts';

/** Builds, zips and connects Terraform: what all commands need before they look at the configuration. */
export async function prepare(context: DeployContext): Promise<void> {
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

/** Where the plan of a run is kept that nobody asked to keep. */
export function planFile({ world, target }: DeployContext): string {
  return join(world.root, '.build', 'terraform', `${target.project}-${target.environment}.tfplan`);
}
