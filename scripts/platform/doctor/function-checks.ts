import { FUNCTIONS_STARTED } from '#scripts/local/functions/function-log.ts';
import type { Check, DoctorTools, Finding, Probed } from './finding.ts';

/** Reports what functions log about themselves since they were started, and whose address they take for the caller's. */
export const checkFunctions: Check = async (tools) => {
  const { logLines, deployCommand } = tools;
  const lines = logLines();
  const started = lines.findLastIndex(({ message }) => message === FUNCTIONS_STARTED);
  const rejected = lines.slice(started + 1).filter(({ message }) => message === 'the shipped code cache was rejected');
  const findings: Finding[] = [];
  if (rejected.length > 0) {
    findings.push({
      severity: 'notice',
      check: 'functions',
      finding: `Node.js ${rejected[0]?.node ?? ''} rejected the shipped code cache of ${rejected.length} functions: they start more slowly.`,
      repair: `${deployCommand} (it builds with the Node.js that runs)`,
    });
  }
  return [...findings, ...(await probeFindings(tools))];
};

/** Statuses of a request without a credential: refused, or refused after too many. */
const REFUSALS: ReadonlySet<number> = new Set([401, 429]);

async function probeFindings({ probe, deployCommand }: DoctorTools): Promise<readonly Finding[]> {
  let probed: Probed | undefined;
  try {
    probed = await probe();
  } catch (thrown) {
    return [notKnown(thrown instanceof Error ? thrown.message : String(thrown))];
  }
  if (probed === undefined) return [];
  const { status, seen } = probed;
  if (!REFUSALS.has(status)) {
    const finding = `A request without a credential, sent through the gateway, is answered ${status} instead of 401.`;
    const repair = `Look for errors of compute-templates-list in the log. If the function does not start: ${deployCommand}`;
    return [{ severity: 'fault', check: 'functions', finding, repair }];
  }
  if (seen === undefined) return [notKnown('the log lines of the requests that were sent did not arrive.')];
  const { hops, proxies } = seen;
  if (hops === proxies) return [];
  const consequence =
    hops > proxies
      ? 'FORWARDED_HOPS is larger than the number of proxies: functions believe the address that a caller claims'
      : 'FORWARDED_HOPS is smaller than the number of proxies: functions take a proxy for the caller, and all callers share one counter of failed sign-ins';
  return [
    {
      severity: 'fault',
      check: 'functions',
      finding: `${consequence}. It is ${hops}, and proxies append ${proxies} addresses.`,
      repair: `${deployCommand} (with FORWARDED_HOPS ${proxies}, or left out: on a project, forwarded_hops in its tfvars)`,
    },
  ];
}

function notKnown(why: string): Finding {
  const repair = 'Mend what it says, and run the doctor again; npm run deploy -- verify checks the same.';
  return {
    severity: 'notice',
    check: 'functions',
    finding: `Whether FORWARDED_HOPS fits is not known: ${why}`,
    repair,
  };
}
