import { commandLine } from '#scripts/deploy/command-line.ts';
import { ageText } from '../age-text.ts';
import { listDeadLetters } from '#shared/actions/dead-letters.ts';
import { listOperations } from '#shared/actions/list-open-operations.ts';
import { readSweepStatus } from '#shared/actions/release-sweep.ts';
import type { Value } from '#shared/datastore/field.ts';
import { COMPOSITE_INDEXES, isServed } from '#shared/datastore/indexes.ts';
import { ALL_API_KEYS, ALL_SUSPENSIONS, QUERY_SHAPES } from '#shared/datastore/queries.ts';
import type { Shape } from '#shared/datastore/query.ts';
import { apiKeyState } from '#shared/domain/credential-state.ts';
import { Failure } from '#shared/domain/failure.ts';
import { isFinal } from '#shared/domain/operation.ts';
import { REASONS, type Reason } from '#shared/domain/reasons.ts';
import { ROUND_MS_MAX } from '#shared/domain/sweep-round.ts';
import type { Check, Finding } from './finding.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Maximum number of rows that one check reads. */
const ROWS_MAX = 500;
/** Sweeps run each minute; on a large platform a comparison of everything begins each five minutes and takes as long. */
const SWEEP_AGE_MAX_MS = { inOnePiece: 7 * MINUTE_MS, inSlices: 12 * MINUTE_MS };
/** Larger than the difference between any two working clocks. */
const CLOCK_AHEAD_MS = MINUTE_MS;
/** Older failures are assumed to have been handled. */
const RECENT_MS = 60 * MINUTE_MS;

/** Asks each query that needs a composite index; Datastore refuses it while the index is missing or being built. */
export const checkIndexes: Check = async ({ store, deployCommand }) => {
  const findings: Finding[] = [];
  for (const shape of QUERY_SHAPES.filter((each) => !isServed(each, []))) {
    try {
      await store.query(shape, probeValues(shape), { limit: 1 });
    } catch (thrown) {
      const { cause } = Failure.from(thrown);
      const text = cause instanceof Error ? cause.message : String(cause ?? thrown);
      if (!/index/i.test(text)) throw thrown;
      findings.push({
        severity: 'fault',
        check: 'indexes',
        finding: `A query of ${shape.kind.name} by ${[...shape.equal, ...shape.order.map((o) => o.property)].join(', ')} has no index that is ready.`,
        repair: `${deployCommand} (it makes ${COMPOSITE_INDEXES.length} indexes and waits until they are ready)`,
      });
    }
  }
  return findings;
};

/** Returns a value for each property that a query compares. */
function probeValues({ equal, atMost }: Shape): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const name of equal) values[name] = { stringValue: '-' };
  if (atMost !== undefined) values[atMost] = { integerValue: 0 };
  return values;
}

export const checkSweep: Check = async ({ store, nowMs, deployCommand }) => {
  const { brake, ranAtMs, round } = await readSweepStatus({ store });
  const findings: Finding[] = [];
  const ageMs = ranAtMs === undefined ? undefined : nowMs() - ranAtMs;
  const most = (round?.slices ?? 1) > 1 ? SWEEP_AGE_MAX_MS.inSlices : SWEEP_AGE_MAX_MS.inOnePiece;
  if (ageMs === undefined || ageMs > most) {
    findings.push({
      severity: 'fault',
      check: 'sweep',
      finding: ageMs === undefined ? 'No sweep has run yet.' : `The last sweep ran ${ageText(ageMs)} ago.`,
      repair: 'Look for errors of reconciler-sweep in the log, and whether its job is paused in Cloud Scheduler.',
    });
  } else if (ageMs < -CLOCK_AHEAD_MS) {
    findings.push({
      severity: 'fault',
      check: 'functions',
      finding: `The clock of reconciler-sweep is ${ageText(-ageMs)} ahead of this machine's.`,
      repair: `${deployCommand} (it starts the function anew; first compare both clocks with a third)`,
    });
  }
  if (round?.endedAtMs === null && nowMs() - round.startedAtMs > ROUND_MS_MAX) {
    const { epoch, startedAtMs, slices, done, failed, at } = round;
    const places = shortList(at.map(({ zone }) => zone || 'all zones'));
    findings.push({
      severity: 'fault',
      check: 'sweep',
      finding: `Round ${epoch} of the sweep does not end: after ${ageText(nowMs() - startedAtMs)} ${done} of ${slices} slices are done and ${failed} have failed; it is at ${places || 'its end'}.`,
      repair:
        'Look for errors of reconciler-sweep in the log; where there are none, more slices at once: sweep = { slices_at_once = 16 } in Terraform.',
    });
  }
  if (brake?.releasedAtMs === null) {
    findings.push({
      severity: 'fault',
      check: 'sweep',
      finding: `The brake is on since ${ageText(nowMs() - brake.engagedAtMs)}: ${brake.unrecorded} of ${brake.machines} machines have no record.`,
      repair:
        'Restore the records (npm run deploy -- restore), or let the sweep go on: npm run platform -- sweep release',
    });
  }
  return findings;
};

export const checkOperations: Check = async (tools) => {
  const page = { limit: ROWS_MAX };
  const [stuck, failed] = await Promise.all([
    listOperations('stuck', page, tools),
    listOperations('failed', page, tools),
  ]);
  const found = stuck.operations.map((operation): Finding => ({
    severity: 'fault',
    check: 'operations',
    finding: `Operation ${operation.id} (${operation.kind} of ${operation.instanceId}) has not ended for ${ageText(tools.nowMs() - operation.createdAtMs)}, after ${operation.attempts} attempts.`,
    repair: `npm run platform -- operations retry ${operation.id}`,
  }));
  const recent = failed.operations.filter((one) => (one.completedAtMs ?? 0) > tools.nowMs() - RECENT_MS);
  const byReason = Map.groupBy(recent, ({ error }) => error?.reason ?? 'unknown');
  const reasons = [...byReason].map(([reason, operations]): Finding => {
    const ids = [...new Set(operations.map(({ instanceId }) => instanceId))];
    return {
      severity: 'fault',
      check: 'operations',
      finding: `${operations.length} operations failed within an hour with ${reason}: ${operations[0]?.error?.message ?? ''} (${shortList(ids)})`,
      repair: remedyOf(reason, operations[0]?.kind ?? 'start', ids[0] ?? ''),
    };
  });
  return [...found, ...reasons];
};

/** Returns what an operator does about a reason; the list of reasons says what the caller does. */
function remedyOf(reason: string, kind: string, instanceId: string): string {
  const repeat = kind === 'start' || kind === 'stop' ? `npm run platform -- instances ${kind} ${instanceId} --yes` : '';
  const cause = OPERATOR_REMEDY[reason] ?? (Object.hasOwn(REASONS, reason) ? REASONS[reason as Reason].remedy : '');
  return [cause, repeat === '' ? '' : `then: ${repeat}`].filter((part) => part !== '').join(' ');
}

const OPERATOR_REMEDY: Readonly<Record<string, string>> = {
  zone_exhausted: 'Wait for capacity, or name another zone in the catalogue.',
  cloud_quota_exceeded: "Ask for a higher quota of the project on Google's quota page.",
  cloud_permission_denied: 'Give the functions their role again: npm run deploy',
  cloud_not_found: 'Correct image, network or subnetwork in the catalogue: npm run catalog -- apply FILE',
  cloud_invalid_argument: 'Correct the template in the catalogue: npm run catalog -- apply FILE',
  gave_up: 'Look for its instance in the log; Compute Engine did not answer for long.',
};

export const checkDeadLetters: Check = async ({ store }) => {
  const { letters } = await listDeadLetters({ limit: ROWS_MAX }, { store });
  return letters.map(({ id, letter, operation }): Finding => {
    const isOpen = operation !== undefined && !isFinal(operation.state);
    const now = operation === undefined ? 'names no operation that is kept' : `its operation is ${operation.state}`;
    return {
      severity: isOpen ? 'fault' : 'notice',
      check: 'dead letters',
      finding: `Dead letter ${id} (instance ${letter.instanceId || 'unknown'}): ${now}.`,
      repair: isOpen
        ? `npm run platform -- dead-letters replay ${id}`
        : `npm run platform -- dead-letters discard ${id}`,
    };
  });
};

export const checkCustomers: Check = async ({ store, nowMs }) => {
  const { rows } = await store.query(ALL_SUSPENSIONS, {}, { limit: ROWS_MAX });
  return rows.map(({ id, value }): Finding => ({
    severity: 'notice',
    check: 'customers',
    finding: `Customer ${id} is suspended for ${ageText(nowMs() - value.sinceMs)} by ${value.by}: ${value.reason}`,
    repair: `npm run platform -- customers resume ${id}`,
  }));
};

/** Reports keys that expired while they were in use: their users now get 401. */
export const checkKeys: Check = async ({ store, nowMs }) => {
  const findings: Finding[] = [];
  const now = nowMs();
  let cursor: string | undefined;
  do {
    const page = await store.query(ALL_API_KEYS, {}, { limit: ROWS_MAX, ...(cursor === undefined ? {} : { cursor }) });
    for (const { value: key } of page.rows) {
      if (apiKeyState(key, now) !== 'expired' || now - (key.expiresAtMs ?? 0) > 7 * DAY_MS) continue;
      findings.push({
        severity: 'notice',
        check: 'keys',
        finding: `Key ${key.id} (${key.name}) of customer ${key.customerId} expired ${ageText(now - (key.expiresAtMs ?? 0))} ago.`,
        repair: commandLine([
          'npm',
          'run',
          'accounts',
          '--',
          'keys',
          'create',
          '--user',
          key.userId,
          '--name',
          key.name,
        ]),
      });
    }
    cursor = page.cursor;
  } while (cursor !== undefined);
  return findings;
};

export function shortList(ids: readonly string[]): string {
  return ids.length <= 3 ? ids.join(', ') : `${ids.slice(0, 3).join(', ')} and ${ids.length - 3} more`;
}
