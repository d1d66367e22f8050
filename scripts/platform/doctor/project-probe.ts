import type { Finished } from '#scripts/deploy/programs.ts';
import { said } from '#scripts/deploy/check-access.ts';
import type { LogLine, Probed } from './finding.ts';
import { probeHops } from './hops-probe.ts';

export interface ProjectProbe {
  readonly project: string;
  /** Name of the deployment's environment. */
  readonly environment: string;
  /** Beginning of the requests' ids. */
  readonly requestId: string;
  /** Runs the Google Cloud CLI. Throws MissingProgram. */
  readonly gcloud: (args: readonly string[]) => Promise<Finished>;
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Prints progress. */
  readonly note: (text: string) => void;
}

/** Cloud Logging shows entries some seconds after they were written. */
const PATIENCE = { looks: 12, pauseMs: 5_000 };

/** Probes a project's public address: that of its domain, or else the gateway's own. Throws if that is not known. */
export async function probeProject(probe: ProjectProbe): Promise<Probed> {
  const address = await publicAddress(probe);
  probe.note(`     asking ${address}, and waiting for its log lines`);
  return probeHops({
    address,
    requestId: probe.requestId,
    linesOf: async (ids) => {
      const filter = `jsonPayload.requestId=(${ids.map((id) => `"${id}"`).join(' OR ')})`;
      const entries = await listed(probe, ['logging', 'read', filter, '--freshness=1h']);
      return entries.flatMap(({ jsonPayload }) => (jsonPayload === undefined ? [] : [jsonPayload as LogLine]));
    },
    patience: PATIENCE,
    sleep: probe.sleep,
  });
}

type Listed = Readonly<Record<string, unknown>>;

/**
 * Returns the API's public address. infra/domain.tf and infra/gateway.tf name the domain's certificate and the gateway
 * after the environment. Throws if neither is known.
 */
export async function publicAddress(probe: Pick<ProjectProbe, 'project' | 'environment' | 'gcloud'>): Promise<string> {
  const name = `${probe.environment}-compute-api`;
  const certificates = await listed(probe, ['compute', 'ssl-certificates', 'list', '--global']);
  const isOurs = new RegExp(`^${name}-[0-9a-f]{8}$`);
  const own = certificates.find((certificate) => isOurs.test(String(certificate['name'])));
  const [domain] = (own as { readonly managed?: { readonly domains?: readonly string[] } } | undefined)?.managed
    ?.domains ?? [undefined];
  if (domain !== undefined) return `https://${domain}`;
  const gateways = await listed(probe, ['api-gateway', 'gateways', 'list']);
  const host = gateways.find((gateway) => String(gateway['name']).endsWith(`/${name}`))?.['defaultHostname'];
  if (typeof host !== 'string') throw new Error(`project ${probe.project} has no gateway ${name}.`);
  return `https://${host}`;
}

async function listed(
  { gcloud, project }: Pick<ProjectProbe, 'project' | 'gcloud'>,
  args: readonly string[],
): Promise<readonly Listed[]> {
  const answer = await gcloud([...args, `--project=${project}`, '--format=json']);
  if (answer.code !== 0) throw new Error(`gcloud ${args.slice(0, 3).join(' ')} fails: ${said(answer)}`);
  return JSON.parse(answer.stdout.trim() === '' ? '[]' : answer.stdout) as readonly Listed[];
}
