import { InvalidArgumentError } from 'commander';
import { auditorOf } from '#scripts/console/command-auditor.ts';
import { CommandLine, type Surroundings } from '#scripts/console/command-line.ts';
import { EXIT } from '#scripts/console/exit-codes.ts';
import { readAudit } from '#shared/actions/read-audit.ts';
import { auditWrite } from '#shared/datastore/audit-rows.ts';
import { AUDIT_ACTIONS, type AuditAction, type AuditValue } from '#shared/domain/audit.ts';
import { Failure } from '#shared/domain/failure.ts';

interface RecordOptions {
  readonly object: string;
  readonly before: AuditValue;
  readonly after: AuditValue;
}

/** Puts on record what a deployment is about to change; the deploy command runs it. */
export function recordLine(surroundings?: Surroundings): CommandLine {
  const line = new CommandLine(
    'record-change',
    'Writes the entry of a deployment into the audit trail; `npm run deploy` runs it.',
    surroundings,
  );
  line.only(
    {
      changes: true,
      examples: ['deploy.apply --object "deployment production" --after \'{"release":"1"}\' --project my-project'],
      configure: (command) =>
        command
          .argument('<action>')
          .requiredOption('--object <object>', 'what is changed: "deployment production"')
          .option('--before <json>', 'members before the change', parsedMembers, {})
          .option('--after <json>', 'members after the change', parsedMembers, {}),
    },
    async (session, [action = ''], { object, before, after }: RecordOptions) => {
      const known = AUDIT_ACTIONS.find((each) => each === action);
      if (known === undefined) throw new Failure('invalid_request', `There is no action ${action}.`);
      const former = await formerRelease(object, session).catch((thrown: unknown) => {
        // The deployment may be the one that makes the missing index.
        session.note(`The former release is not known: ${Failure.from(thrown).message}`);
        return undefined;
      });
      const entry = { action: known satisfies AuditAction, object, after };
      await session.store.write([
        auditWrite(auditorOf(session), { ...entry, before: { ...before, release: former ?? null } }),
      ]);
      session.print('', { recorded: true });
      return EXIT.ok;
    },
  );
  return line;
}

/** The release that the last entry about this object has put in place. */
async function formerRelease(object: string, tools: Parameters<typeof readAudit>[2]): Promise<unknown> {
  const { entries } = await readAudit({ object }, { limit: 1 }, tools);
  return entries[0]?.after?.['release'];
}

function parsedMembers(text: string): AuditValue {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // The sentence below says what is wrong.
  }
  throw new InvalidArgumentError('It must be a JSON object.');
}
