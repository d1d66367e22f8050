import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Plan } from '#shared/catalog/plan-catalog.ts';
import { MANIFEST, type ArtefactManifest } from './artefacts.ts';
import type { DeployContext } from './deploy-context.ts';
import { DeployError } from './deploy-error.ts';

/**
 * A reviewed plan: Terraform's plan, the zips that it uploads, and the catalogue's plan as it was shown. A folder, so
 * that one job of a pipeline can show it and another job can apply it.
 */
export interface PlanBundle {
  readonly project: string;
  readonly region: string;
  readonly environment: string;
  readonly database: string;
  /** Whether Terraform's plan changes anything. */
  readonly changes: boolean;
  /** The catalogue's plan as it was shown; null: the catalogue is left alone, or could not be compared yet. */
  readonly catalogue: Plan | null;
}

const ABOUT = 'plan.json';
const TERRAFORM_PLAN = 'terraform.tfplan';
const ZIPS = 'artefacts';

/** Returns the path for Terraform's plan in the folder. */
export function planIn(folder: string): string {
  return join(folder, TERRAFORM_PLAN);
}

/** Adds everything that applying Terraform's plan needs to its folder. */
export async function writePlanBundle({ world }: DeployContext, folder: string, bundle: PlanBundle): Promise<void> {
  const manifest = JSON.parse(await readFile(join(world.root, MANIFEST), 'utf8')) as ArtefactManifest;
  await mkdir(join(folder, ZIPS), { recursive: true });
  for (const { path } of Object.values(manifest.artefacts)) {
    await cp(join(world.root, path), join(folder, ZIPS, basename(path)));
  }
  await cp(join(world.root, MANIFEST), join(folder, basename(MANIFEST)));
  await writeFile(join(folder, ABOUT), `${JSON.stringify(bundle, undefined, 2)}\n`);
}

/**
 * Reads a reviewed plan and puts its zips where Terraform's plan expects them. Throws DeployError if there is no plan,
 * or if it belongs to another project or environment.
 */
export async function readPlanBundle({ target, world }: DeployContext, folder: string): Promise<PlanBundle> {
  let bundle: PlanBundle;
  let manifest: ArtefactManifest;
  try {
    bundle = JSON.parse(await readFile(join(folder, ABOUT), 'utf8')) as PlanBundle;
    manifest = JSON.parse(await readFile(join(folder, basename(MANIFEST)), 'utf8')) as ArtefactManifest;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new DeployError(`There is no plan in ${folder}: ${why}`, ['Make one: npm run deploy -- plan … --out FOLDER']);
  }
  for (const name of ['project', 'region', 'environment'] as const) {
    if (bundle[name] === target[name]) continue;
    throw new DeployError(`The plan was made for the ${name} ${bundle[name]}, not for ${target[name]}.`);
  }
  for (const { path } of Object.values(manifest.artefacts)) {
    const zip = join(folder, ZIPS, basename(path));
    await mkdir(join(world.root, path, '..'), { recursive: true });
    await cp(zip, join(world.root, path)).catch((thrown: unknown) => {
      throw new DeployError(`The plan's artefact ${zip} cannot be read: ${String(thrown)}`);
    });
  }
  await cp(join(folder, basename(MANIFEST)), join(world.root, MANIFEST));
  return bundle;
}
