import { probeAddress } from './address-probe.ts';
import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import { script, type DeployContext } from './deploy-context.ts';
import type { Outputs } from './terraform-steps.ts';

const PATH = '/api/compute/v1/templates';
/** Time that a new gateway, or one with a new config, may take until it serves that config. */
const PATIENCE_MS = 5 * 60_000;
const ASK_EVERY_MS = 5_000;

/**
 * The customer of the temporary key. Its id is constant, so that repeated interrupted tests leave one customer at most.
 */
const CUSTOMER = 'smoke-test';
const USER = '5e5e5e5e-0000-4000-8000-000000000001';

/**
 * Tests the deployed API as a user would call it: without a credential, which must be refused in the API's own error
 * format (this proves gateway, permissions and function), and with a temporary key (this proves the database). `tier`
 * is `undefined` if the catalogue's tiers are unknown. Throws DeployError with the last reply if the API does not
 * answer correctly in time.
 */
export async function smokeTest(context: DeployContext, outputs: Outputs, tier: string | undefined): Promise<void> {
  const { note } = context.world;
  await eventually(context, outputs, { headers: {}, wrong: refusalProblem });
  note('ok  a request without a credential is refused as it should be');
  await probeAddress(context, outputs.address);
  if (tier === undefined) {
    note('--  a request with a credential was not tried: no catalogue was applied, so no tier is known');
    return;
  }
  const key = await temporaryKey(context, outputs, tier);
  try {
    const headers = { 'api-key': key.id, 'api-secret': key.secret };
    await eventually(context, outputs, { headers, wrong: listProblem });
    note('ok  a request with a key is answered');
  } finally {
    await accounts(context, outputs, ['users', 'delete', USER]);
  }
}

interface Question {
  readonly headers: Readonly<Record<string, string>>;
  /** Returns what is wrong with a reply; `undefined` if it is correct. */
  readonly wrong: (response: Response, body: unknown) => string | undefined;
}

async function eventually(context: DeployContext, { address }: Outputs, { headers, wrong }: Question): Promise<void> {
  const { fetch, sleep, nowMs, note } = context.world;
  const untilMs = nowMs() + PATIENCE_MS;
  for (let attempt = 1; ; attempt += 1) {
    const problem = await ask(fetch, { url: `${address}${PATH}`, headers, wrong });
    if (problem === undefined) return;
    if (nowMs() >= untilMs) {
      throw new DeployError(`The API does not answer as it should: GET ${address}${PATH}: ${problem}`, [
        'It is deployed. Run the same command again in a few minutes; if that changes nothing, read the logs of compute-templates-list.',
      ]);
    }
    if (attempt === 1) note(`..  waiting for the API (${problem})`);
    await sleep(ASK_EVERY_MS);
  }
}

async function ask(
  fetch: DeployContext['world']['fetch'],
  { url, headers, wrong }: Question & { readonly url: string },
): Promise<string | undefined> {
  try {
    const response = await fetch(url, headers);
    const text = await response.text();
    return wrong(response, parsed(text)) ?? undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function refusalProblem(response: Response, body: unknown): string | undefined {
  if (response.status !== 401) return `status ${response.status} instead of 401`;
  if (!/^[0-9a-f]{32}$/.test(response.headers.get('x-error-id') ?? '')) return 'a 401 that is not ours: no x-error-id';
  const reason = typeof body === 'object' && body !== null && 'reason' in body ? body.reason : undefined;
  return typeof reason === 'string' ? undefined : 'a 401 that is not ours: no reason in its body';
}

function listProblem(response: Response, body: unknown): string | undefined {
  if (response.status !== 200) return `status ${response.status} instead of 200`;
  return typeof body === 'object' && body !== null ? undefined : 'a 200 without JSON';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function temporaryKey(
  context: DeployContext,
  outputs: Outputs,
  tier: string,
): Promise<{ readonly id: string; readonly secret: string }> {
  try {
    await accounts(context, outputs, ['customers', 'create', CUSTOMER, `--tier=${tier}`]);
  } catch {
    // The customer may exist with another tier from an earlier test. If the creation failed for another reason, this
    // fails too.
    await accounts(context, outputs, ['customers', 'set-tier', CUSTOMER, tier]);
  }
  await accounts(context, outputs, [
    'users',
    'create',
    `--customer=${CUSTOMER}`,
    `--id=${USER}`,
    '--group=smoke-test',
    '--name=Smoke test',
  ]);
  const made = await accounts(context, outputs, [
    'keys',
    'create',
    `--user=${USER}`,
    '--name=smoke-test',
    '--expires=15m',
  ]);
  if (typeof made === 'object' && made !== null && 'apiKey' in made && 'apiSecret' in made) {
    return { id: String(made.apiKey), secret: String(made.apiSecret) };
  }
  throw new DeployError('The temporary key for the smoke test could not be made.');
}

async function accounts(context: DeployContext, { database }: Outputs, args: readonly string[]): Promise<unknown> {
  const target = [`--project=${context.target.project}`, `--database=${database}`, '--json'];
  const answer = await script(context, ['scripts/accounts.ts', ...args, ...target]);
  if (answer.code !== 0) throw new DeployError(`\`npm run accounts -- ${args.join(' ')}\` failed: ${said(answer)}`);
  return parsed(answer.stdout);
}
