import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST, type ArtefactManifest } from './artefacts.ts';
import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import { terraform, type DeployContext } from './deploy-context.ts';

type Settings = Readonly<Record<string, string>>;

/** What a plan of Terraform changes, as the audit trail keeps it: no value but those of the functions' environment. */
export interface PlanChanges {
  /** Addresses by what becomes of them: `create`, `update`, `delete`, `replace`. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  /** Variables of the functions' environment that change, before and after; none of them is a secret. */
  readonly environment: { readonly before: Settings; readonly after: Settings };
}

interface ResourceChange {
  readonly address: string;
  readonly type: string;
  readonly change: { readonly actions: readonly string[]; readonly before: unknown; readonly after: unknown };
}

/** Enough to tell what a deployment was about. */
const ADDRESSES_MAX = 200;

/** Reads the plan that is about to be applied. Throws DeployError when Terraform cannot show it. */
export async function planChanges(context: DeployContext, file: string): Promise<PlanChanges> {
  const answer = await terraform(context, ['show', '-json', file]);
  if (answer.code !== 0) throw new DeployError(`Terraform's plan cannot be read: ${said(answer)}`);
  const { resource_changes: changes = [] } = JSON.parse(answer.stdout) as {
    readonly resource_changes?: readonly ResourceChange[];
  };
  const real = changes.filter(({ change }) => change.actions.some((action) => action !== 'no-op' && action !== 'read'));
  const byVerb = Map.groupBy(real, ({ change }) => verbOf(change.actions));
  return {
    resources: Object.fromEntries(
      [...byVerb].map(([verb, some]) => [verb, some.map(({ address }) => address).slice(0, ADDRESSES_MAX)]),
    ),
    environment: changedSettings(real.filter(({ type }) => type === 'google_cloudfunctions2_function')),
  };
}

/** Terraform writes a replacement as two actions, in the order in which it makes them. */
function verbOf(actions: readonly string[]): string {
  return actions.length === 2 ? 'replace' : (actions[0] ?? 'update');
}

/** All functions have the same variables, so the first function that has a variable speaks for the others. */
function changedSettings(functions: readonly ResourceChange[]): PlanChanges['environment'] {
  const before: Record<string, string> = {};
  const after: Record<string, string> = {};
  for (const { change } of functions) {
    if (change.before === null || change.after === null) continue;
    const [old, young] = [settingsOf(change.before), settingsOf(change.after)];
    for (const name of new Set([...Object.keys(old), ...Object.keys(young)])) {
      if (old[name] === young[name]) continue;
      before[name] ??= old[name] ?? '';
      after[name] ??= young[name] ?? '';
    }
  }
  return { before, after };
}

function settingsOf(values: unknown): Settings {
  const { service_config: configs } = values as {
    readonly service_config?: readonly { readonly environment_variables?: Settings | null }[];
  };
  return configs?.[0]?.environment_variables ?? {};
}

/** Digest of all artefacts that are deployed: equal releases are equal code. */
export async function releaseOf({ world }: DeployContext): Promise<string> {
  const { artefacts } = JSON.parse(await readFile(join(world.root, MANIFEST), 'utf8')) as ArtefactManifest;
  const lines = Object.entries(artefacts).map(([name, { sha256 }]) => `${name} ${sha256}\n`);
  return createHash('sha256').update(lines.sort().join('')).digest('hex').slice(0, 16);
}
