import { randomBytes } from 'node:crypto';
import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import { gcloud, type DeployContext } from './deploy-context.ts';

/**
 * Sent as the first entry of X-Forwarded-For: an address reserved for documentation, which no caller has (RFC 5737).
 */
const SPOOFED = '192.0.2.1';
const PATH = '/api/compute/v1/templates';
/** How long to wait for log entries, which become readable some seconds after they were written. */
const PATIENCE_MS = 2 * 60_000;
const ASK_EVERY_MS = 10_000;

/** What a function logged about the probe. */
interface Seen {
  readonly address: string;
  readonly forwardedEntries: number;
  /** The function's FORWARDED_HOPS; a release before this one does not log it. */
  readonly forwardedHops?: number | undefined;
}

/** A log entry, as gcloud prints it. */
interface Entry {
  readonly resource?: { readonly type?: string };
  readonly jsonPayload?: Partial<Seen>;
  readonly httpRequest?: { readonly remoteIp?: string };
}

/**
 * Sends a request with a forged X-Forwarded-For and reads from the logs which address a function took for the caller's.
 * Throws DeployError if that is the forged entry (FORWARDED_HOPS is too large, so callers choose their own address) or
 * not the address that the gateway saw (too small, so all callers share one). Prints a note if the logs cannot be read.
 */
export async function probeAddress(context: DeployContext, address: string): Promise<void> {
  const { world } = context;
  const requestId = `probe-${randomBytes(8).toString('hex')}`;
  await world.fetch(`${address}${PATH}?probe=${requestId}`, {
    'x-request-id': requestId,
    'x-forwarded-for': SPOOFED,
  });
  const untilMs = world.nowMs() + PATIENCE_MS;
  for (;;) {
    const entries = await read(context, requestId);
    if (entries === undefined) return;
    const seen = seenIn(entries);
    const observed = observedIn(entries);
    // The gateway's own entry may arrive later than the function's, or never.
    const late = world.nowMs() >= untilMs;
    if (seen !== undefined && (observed !== undefined || late)) {
      judge(context, seen, observed);
      return;
    }
    if (late) {
      world.note('--  the address that a function sees is not known: its log line did not arrive');
      return;
    }
    await world.sleep(ASK_EVERY_MS);
  }
}

async function read(context: DeployContext, requestId: string): Promise<readonly Entry[] | undefined> {
  const filter = `jsonPayload.requestId="${requestId}" OR (resource.type="apigateway.googleapis.com/Gateway" AND httpRequest.requestUrl:"${requestId}")`;
  const project = `--project=${context.target.project}`;
  const answer = await gcloud(context, ['logging', 'read', filter, project, '--freshness=1h', '--format=json']);
  if (answer.code === 0) return JSON.parse(answer.stdout.trim() === '' ? '[]' : answer.stdout) as readonly Entry[];
  context.world.note(`--  the address that a function sees is not known: logs cannot be read (${said(answer)})`);
  return undefined;
}

function seenIn(entries: readonly Entry[]): Seen | undefined {
  for (const { jsonPayload } of entries) {
    const { address, forwardedEntries, forwardedHops } = jsonPayload ?? {};
    if (address !== undefined && forwardedEntries !== undefined) return { address, forwardedEntries, forwardedHops };
  }
  return undefined;
}

function observedIn(entries: readonly Entry[]): string | undefined {
  const gateway = entries.find(({ resource }) => resource?.type === 'apigateway.googleapis.com/Gateway');
  return gateway?.httpRequest?.remoteIp;
}

function judge(context: DeployContext, seen: Seen, observed: string | undefined): void {
  // The first entry is the forged one; each proxy appended one, beginning with the caller's real address.
  const hops = seen.forwardedEntries - 1;
  // Without the gateway's own entry, the number of entries shows whether the function takes a proxy for the caller.
  const fits = observed === undefined ? (seen.forwardedHops ?? hops) === hops : seen.address === observed;
  if (seen.address === SPOOFED || !fits) {
    const saw = observed === undefined ? '' : `, and the gateway saw ${observed}`;
    throw new DeployError(
      `A function takes ${seen.address} for the caller's address${saw}: FORWARDED_HOPS does not fit.`,
      [`Write forwarded_hops = ${hops} into infra/${context.target.environment}.tfvars and apply again.`],
    );
  }
  context.world.note(
    observed === undefined
      ? `ok  a function sees the address ${seen.address}; the gateway's own entry was not found to compare it with`
      : `ok  a function sees the caller's address (${seen.address})`,
  );
}
