import type { AuditAction } from '#shared/domain/audit.ts';
import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import { script, type DeployContext } from './deploy-context.ts';
import { planChanges, releaseOf } from './plan-changes.ts';

type Members = Readonly<Record<string, unknown>>;

export interface DeploymentChange {
  readonly action: AuditAction;
  readonly database: string;
  readonly before?: Members;
  readonly after?: Members;
}

/**
 * Puts a change on record before it is made, in the database that the deployment has then. Throws DeployError: what
 * cannot be put on record is not done.
 */
export async function putOnRecord(context: DeployContext, change: DeploymentChange): Promise<void> {
  const { project, environment } = context.target;
  const { action, database, before = {}, after = {} } = change;
  const answer = await script(context, [
    'scripts/deploy/record-change.ts',
    action,
    `--object=deployment ${environment}`,
    `--before=${JSON.stringify(before)}`,
    `--after=${JSON.stringify(after)}`,
    `--project=${project}`,
    `--database=${database}`,
  ]);
  if (answer.code === 0) return;
  throw new DeployError(`The change cannot be put on record: ${said(answer)}`, [
    `The audit trail is in the database ${database}; the account needs roles/datastore.user.`,
  ]);
}

/** What applying this plan means for the audit trail. */
export async function describePlan(context: DeployContext, file: string): Promise<{ before: Members; after: Members }> {
  const { resources, environment } = await planChanges(context, file);
  return {
    before: { environment: environment.before },
    after: { release: await releaseOf(context), environment: environment.after, resources },
  };
}
