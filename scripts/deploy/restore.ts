import { checkAccess, said } from './check-access.ts';
import { commandLine } from './command-line.ts';
import { finish } from './commands.ts';
import { checkVarFiles, databaseOf, deployedDatabase, forgetDatabase, typeOf } from './database.ts';
import { DeployError } from './deploy-error.ts';
import { gcloud, type DeployContext } from './deploy-context.ts';
import { describePlan, putOnRecord } from './on-record.ts';
import { planFile, prepare } from './prepare.ts';
import { applyOnly, applyPlan, plan, variables } from './terraform-steps.ts';

export interface RestoreOptions {
  /** A whole minute of the last seven days, ISO 8601 in UTC. */
  readonly snapshotTime: string;
  /** Id of the database that receives the rows of that time; created by this command. */
  readonly into: string;
  readonly yes: boolean;
}

const BINDING = 'google_project_iam_member.datastore';
/** A clone of many rows takes hours. An operator who wants to stop waiting earlier presses Ctrl-C. */
const PATIENCE_MS = 4 * 60 * 60_000;
const ASK_EVERY_MS = 30_000;

/**
 * Switches the deployment to a new database with the rows of an earlier time. Safe to repeat: each step first checks
 * whether it is done. The sweep is paused before, because it would treat VMs created after that time as orphans, and
 * stays paused until an operator releases it.
 */
export async function restoreCommand(context: DeployContext, options: RestoreOptions): Promise<string> {
  const { note } = context.world;
  await checkVarFiles(context);
  await checkAccess(context, { prepare: false });
  await prepare(context);
  const source = await sourceOf(context, options.into);
  const jobs = await pauseSweep(context);
  if (source !== undefined) {
    await clone(context, source, options);
    await allowBoth(context, source, options.into);
    await agreed(context, options);
    await forgetDatabase(context);
  }
  const restored: DeployContext = { ...context, target: { ...context.target, databaseId: options.into } };
  const database = await databaseOf(restored);
  // The previous database stays permitted while functions of the previous revision may still run.
  const file = planFile(context);
  const changes = await plan(restored, variables(restored, database, source === undefined ? [] : [source]), file);
  if (changes) {
    const { before, after } = await describePlan(restored, file);
    await putOnRecord(restored, {
      action: 'deploy.restore',
      database: options.into,
      before: { ...before, database: source ?? null },
      after: { ...after, database: options.into, snapshotTime: options.snapshotTime },
    });
    await applyPlan(restored, file);
  }
  note('ok  the functions use the restored database');
  const address = await finish(restored, { catalogue: undefined, yes: options.yes }, undefined);
  tellWhatIsLeft(context, source, jobs);
  return address;
}

/** Returns the database to restore from; `undefined` if the deployment already uses the restored one. */
async function sourceOf(context: DeployContext, into: string): Promise<string | undefined> {
  const deployed = await deployedDatabase(context);
  if (deployed === into) return undefined;
  if (deployed !== undefined) return deployed;
  // The target exists: an earlier run was interrupted after Terraform had forgotten the previous database.
  if ((await typeOf(context, into)) !== undefined) return undefined;
  throw new DeployError('Nothing is deployed, so there is no database to go back in.', [
    'A database that was left by `destroy` is taken over by `apply --database-id ID`.',
  ]);
}

/** Pauses every job of the sweep, and returns their names. */
async function pauseSweep(context: DeployContext): Promise<readonly string[]> {
  const first = `${context.target.environment}-reconciler-sweep`;
  await onJobs(context, ['pause', first, ...placeOf(context)]);
  // A large platform has further jobs: the variable `sweep` says how many.
  const filter = `--filter=name~/${first}-[0-9]+$`;
  const list = await onJobs(context, ['list', ...placeOf(context), filter, '--format=value(name.basename())']);
  const further = list.split(/\s+/).filter((name) => name !== '');
  for (const job of further) await onJobs(context, ['pause', job, ...placeOf(context)]);
  context.world.note('ok  the sweep is paused');
  return [first, ...further];
}

/** Runs a command on the scheduler's jobs, and returns what it printed. */
async function onJobs(context: DeployContext, command: readonly string[]): Promise<string> {
  const args = ['scheduler', 'jobs', ...command];
  const answer = await gcloud(context, args);
  if (answer.code === 0) return answer.stdout;
  throw new DeployError(`The sweep could not be paused: ${said(answer)}`, [
    'Nothing is restored while it runs: it would stop machines that have no record in the restored database.',
    commandLine(['gcloud', ...args]),
  ]);
}

function placeOf({ target: { project, region } }: DeployContext): readonly string[] {
  return [`--location=${region}`, `--project=${project}`];
}

async function clone(context: DeployContext, source: string, { snapshotTime, into }: RestoreOptions): Promise<void> {
  const { target, world } = context;
  if ((await typeOf(context, into)) === undefined) {
    const args = [
      'firestore',
      'databases',
      'clone',
      `--source-database=projects/${target.project}/databases/${source}`,
      `--snapshot-time=${snapshotTime}`,
      `--destination-database=${into}`,
      `--project=${target.project}`,
    ];
    const answer = await gcloud(context, args);
    if (answer.code !== 0) {
      throw new DeployError(`The database could not be cloned: ${said(answer)}`, [
        'The time must be a whole minute within the last seven days, and not before the database kept versions.',
        commandLine(['gcloud', ...args]),
      ]);
    }
  }
  await cloned(context, into);
  world.note(`ok  ${into} has the rows of ${snapshotTime}`);
}

/** Waits until the clone exists and all operations on it have ended. */
async function cloned(context: DeployContext, into: string): Promise<void> {
  const { sleep, nowMs, note } = context.world;
  const untilMs = nowMs() + PATIENCE_MS;
  const target = [`--database=${into}`, `--project=${context.target.project}`];
  const list = ['firestore', 'operations', 'list', ...target, '--filter=NOT done=true', '--format=value(name)'];
  for (let attempt = 1; ; attempt += 1) {
    const there = (await typeOf(context, into)) !== undefined;
    const open = there ? await gcloud(context, list) : undefined;
    if (open?.code === 0 && open.stdout.trim() === '') return;
    if (nowMs() >= untilMs) {
      throw new DeployError(`${into} is still being cloned.`, ['Run the same command again: it goes on from here.']);
    }
    if (attempt === 1) note('..  waiting for the clone');
    await sleep(ASK_EVERY_MS);
  }
}

/**
 * Permits both databases: functions of the previous revision still use the previous one while new ones use the restored
 * one.
 */
async function allowBoth(context: DeployContext, source: string, into: string): Promise<void> {
  const given = variables(context, { id: source, adopt: false, indexes: {}, exists: true }, [into]);
  await applyOnly(context, BINDING, given);
  context.world.note('ok  the functions may use both databases');
}

async function agreed({ target, world }: DeployContext, { yes, into }: RestoreOptions): Promise<void> {
  if (yes) return;
  const answer = await world.ask(`Take ${target.project} (${target.environment}) over to ${into}? yes or no: `);
  if (answer === 'yes') return;
  throw new DeployError(
    answer === undefined
      ? 'Nobody is there to say yes.'
      : 'The deployment stays with its database; the sweep is paused.',
    ['Add --yes to go on without asking.'],
  );
}

function tellWhatIsLeft(context: DeployContext, source: string | undefined, jobs: readonly string[]): void {
  const { note } = context.world;
  note('--  the sweep is still paused. Look at what it would do, then let it go on:');
  note('      npm run platform -- sweep status');
  for (const job of jobs)
    note(`      ${commandLine(['gcloud', 'scheduler', 'jobs', 'resume', job, ...placeOf(context)])}`);
  if (source !== undefined)
    note(`--  the former database ${source} is left, protected, with what was written after the snapshot`);
}
