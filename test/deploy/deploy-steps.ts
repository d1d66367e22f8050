import { DeployError } from '#scripts/deploy/deploy-error.ts';
import type { DestroyOptions } from '#scripts/deploy/destroy.ts';

/** The steps of a deployment, by patterns of the command lines that execute them. */
export const STEPS: readonly (readonly [RegExp, string])[] = [
  [/^terraform .*version/, 'terraform version'],
  [/^gcloud auth list/, 'account'],
  [/^gcloud auth application-default/, 'credentials'],
  [/^gcloud projects describe/, 'project'],
  [/^gcloud billing/, 'billing'],
  [/^gcloud services list/, 'APIs'],
  [/^gcloud services enable/, 'enable APIs'],
  [/^gcloud storage buckets describe/, 'state bucket'],
  [/^gcloud storage buckets create/, 'make state bucket'],
  [/^gcloud storage buckets update/, 'keep versions'],
  [/^gcloud compute instances list/, 'machines'],
  [/^gcloud compute instances update/, 'unprotect machine'],
  [/^gcloud compute instances delete/, 'delete machine'],
  [/^gcloud compute disks list/, 'volumes'],
  [/^gcloud compute disks delete/, 'delete volume'],
  [/^node scripts\/generate.ts/, 'generate'],
  [/^node scripts\/build.ts/, 'build'],
  [/^terraform .* init /, 'init'],
  [/^terraform .* show -json \S/, 'changes'],
  [/^terraform .* show /, 'state'],
  [/^node scripts\/deploy\/record-change.ts /, 'record'],
  [/^terraform .* state rm /, 'forget the database'],
  [/^terraform .* providers lock /, 'lock'],
  [/^gcloud firestore fields ttls list/, 'TTL'],
  [/^gcloud firestore fields ttls update/, 'make TTL'],
  [/^gcloud firestore databases clone/, 'clone'],
  [/^gcloud firestore operations list/, 'clone ready'],
  [/^gcloud scheduler jobs pause/, 'pause sweep'],
  [/^gcloud scheduler jobs list/, 'further sweeps'],
  [/^gcloud logging read/, 'address'],
  [/^terraform .* apply .*-target=/, 'allow both'],
  [/^gcloud firestore databases/, 'database'],
  [/^gcloud firestore indexes/, 'indexes'],
  [/^terraform .* plan /, 'plan'],
  [/^terraform .* apply /, 'apply'],
  [/^terraform .* destroy /, 'destroy'],
  [/^terraform .* output/, 'outputs'],
  [/^node scripts\/catalog.ts plan/, 'catalogue plan'],
  [/^node scripts\/catalog.ts apply/, 'catalogue'],
  [/^node scripts\/accounts.ts customers create/, 'customer'],
  [/^node scripts\/accounts.ts users create/, 'user'],
  [/^node scripts\/accounts.ts keys create/, 'key'],
  [/^node scripts\/accounts.ts users delete/, 'remove user'],
];
export const CHECKS = ['terraform version', 'account', 'credentials', 'project', 'billing', 'APIs', 'state bucket'];
export const PREPARATION = ['generate', 'build', 'init', 'state', 'database'];

/** The answers of a project in which nothing is deployed. */
export const EMPTY = [
  { to: / show -json/, stdout: '{"format_version": "1.0"}' },
  { to: /^gcloud firestore databases describe/, code: 1, stderr: 'NOT_FOUND' },
];
export const NO_OUTPUTS = { to: / output -json/, stdout: '{}' };
export const NO_CATALOGUE = { catalogue: undefined };

/** Options of a destroy without questions and without any confirmation about customers' instances and volumes. */
export const TOLD_NOTHING: DestroyOptions = {
  yes: true,
  deleteInstances: false,
  confirmInstances: undefined,
  includeProtected: false,
  deleteVolumes: false,
  confirmVolumes: undefined,
  keepVolumes: false,
};

export function steps(lines: readonly string[]): readonly string[] {
  return lines.map((line) => STEPS.find(([pattern]) => pattern.test(line))?.[1] ?? line);
}

/** Returns the message and hints of a command that is refused. */
export async function refusal(command: Promise<unknown>): Promise<string> {
  const thrown: unknown = await command.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof DeployError)) throw new Error('It was not refused.', { cause: thrown });
  return [thrown.message, ...thrown.hint].join('\n');
}
