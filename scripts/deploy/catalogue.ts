import { readFile } from 'node:fs/promises';
import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import { script, type DeployContext } from './deploy-context.ts';
import type { Outputs } from './terraform-steps.ts';

/** What a catalogue that is deployed may leave open: `${network}`, `${region}`, `${subnetwork}`, `${zone}`. */
type Blanks = Readonly<Record<'network' | 'region' | 'subnetwork' | 'zone', string>>;

function blanksOf({ network }: Outputs): Blanks {
  // Every region of Google Cloud has a zone b; some have no a.
  return { ...network, zone: `${network.region}-b` };
}

/** The text with its blanks filled in. Throws DeployError for a blank that is not known. */
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

/** Makes the stored catalogue be what the file says. Answers the file's tiers, by name. */
export async function applyCatalogue(
  context: DeployContext,
  file: string,
  outputs: Outputs,
): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    throw new DeployError(
      `The catalogue ${file} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  }
  const catalogue = filledIn(text, outputs);
  const target = [`--project=${context.target.project}`, `--database=${outputs.database}`];
  const answer = await script(context, ['scripts/catalog.ts', 'apply', '-', ...target], { input: catalogue });
  if (answer.code !== 0) {
    throw new DeployError(`The catalogue could not be applied: ${said(answer)}`, [
      `npm run catalog -- plan ${file} ${target.join(' ')}`,
    ]);
  }
  context.world.note('ok  catalogue applied');
  return tiersOf(catalogue);
}

function tiersOf(catalogue: string): readonly string[] {
  const value: unknown = JSON.parse(catalogue);
  if (typeof value !== 'object' || value === null || !('tiers' in value)) return [];
  return typeof value.tiers === 'object' && value.tiers !== null ? Object.keys(value.tiers) : [];
}
