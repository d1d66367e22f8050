import { type InstanceStatus, isStopped } from './status.ts';
import type { Stored } from './stored-word.ts';

/** Where an action moves a VM: `up` to RUNNING, `down` to a stop, `gone` to no VM, `none`: its status stays. */
export type Direction = 'up' | 'down' | 'gone' | 'none';

/** The times that the cloud reports about a VM; `null` where it reports none. Epoch ms. */
export interface CloudTimes {
  /** When the observed change began, according to the trigger. */
  readonly begunAtMs: number | null;
  /** When the observed change ended, according to the trigger. */
  readonly endedAtMs: number | null;
  /** Where the trigger's action moves the VM; `null`: unknown. */
  readonly direction: Direction | null;
  /** The VM's own timestamps: when it was last staged (start), and when it last stopped. */
  readonly lastStartAtMs: number | null;
  readonly lastStopAtMs: number | null;
  /** When the previous status began; later changes cannot be older. */
  readonly sinceMs: number;
  /** When the VM was observed. */
  readonly nowMs: number;
}

/** A stored status can be a word of a newer version. */
type Status = Stored<InstanceStatus>;

export interface StatusTransition {
  readonly status: Status;
  readonly atMs: number;
}

const WAY_UP: readonly Status[] = ['PROVISIONING', 'STAGING', 'RUNNING'];

/**
 * Returns the statuses that a VM went through from the recorded one to the observed one, which comes last. The VM's own
 * timestamps take precedence: a trigger's time that contradicts them belongs to another action (an event that arrived
 * late) and is not used. An intermediate status without a known time is omitted, because no event is better than one
 * with an invented time. If the last status has no known time, the time of the observation is used.
 */
export function statusTransitions(from: Status, to: Status, times: CloudTimes): readonly StatusTransition[] {
  const { sinceMs, nowMs, lastStartAtMs, lastStopAtMs } = times;
  const seenAtMs = Math.max(nowMs, sinceMs, lastStartAtMs ?? 0, lastStopAtMs ?? 0);
  const last = { status: to, atMs: timeOf(to, to, times) ?? seenAtMs };
  const way: StatusTransition[] = [];
  for (const status of statusesBetween(from, to, times)) {
    const atMs = timeOf(status, to, times);
    const before = way.at(-1)?.atMs ?? sinceMs;
    if (atMs !== null && atMs >= before && atMs <= last.atMs) way.push({ status, atMs });
  }
  return [...way, last];
}

/** Returns whether a VM has left its status and returned to it since the last observation, by its own timestamps. */
export function hasReturned(
  status: Status,
  { lastStartAtMs, lastStopAtMs, sinceMs }: Pick<CloudTimes, 'lastStartAtMs' | 'lastStopAtMs' | 'sinceMs'>,
): boolean {
  const stopped = lastStopAtMs !== null && lastStopAtMs > sinceMs;
  if (WAY_UP.includes(status)) return stopped;
  return isStopped(status) && stopped && lastStartAtMs !== null && lastStartAtMs > sinceMs;
}

/**
 * Returns whether an observed VM has advanced since the recorded status began: by its own timestamps it was staged or
 * stopped at that time or later, and its status comes later in the sequence. Clocks of processes are not used, because
 * they may be wrong.
 */
export function isFurther(
  status: Status,
  { status: record, sinceMs }: { readonly status: Status; readonly sinceMs: number },
  { lastStartAtMs, lastStopAtMs }: Pick<CloudTimes, 'lastStartAtMs' | 'lastStopAtMs'>,
): boolean {
  const staged = lastStartAtMs !== null && lastStartAtMs >= sinceMs;
  const place = WAY_UP.indexOf(status);
  if (place >= 0) return staged && !(WAY_UP.indexOf(record) >= place);
  return isStopped(status) && !isStopped(record) && lastStopAtMs !== null && lastStopAtMs >= sinceMs;
}

/** Statuses that a stop of the VM ends. */
const BEFORE_STOP: readonly Status[] = [...WAY_UP, 'REPAIRING', 'PENDING_STOP', 'STOPPING'];

/**
 * Returns the time by which the recorded status had begun, by the timestamps of the VM that was observed after it;
 * `null` if they do not say. A record that names a later time was written by a process whose clock was ahead, or after
 * a slow read.
 */
export function begunBy(
  { record, isNew }: { readonly record: Status; /** True if the VM has not been observed before. */ isNew: boolean },
  seen: Status,
  times: Pick<CloudTimes, 'lastStartAtMs' | 'lastStopAtMs'> & {
    /** 0 or `null`: unknown. */
    readonly createdAtMs: number | null;
  },
): number | null {
  const { createdAtMs, lastStartAtMs, lastStopAtMs } = times;
  // The record of a new instance is written before its VM is created.
  if (isNew && record === 'PROVISIONING') return createdAtMs === 0 ? null : createdAtMs;
  const hasStopped = isStopped(seen) && BEFORE_STOP.includes(record);
  return hasStopped && lastStopAtMs !== null && lastStopAtMs >= (lastStartAtMs ?? 0) ? lastStopAtMs : null;
}

/** Returns the statuses that the VM must have had in between, in order. */
function statusesBetween(from: Status, to: Status, times: CloudTimes): readonly Status[] {
  const target = WAY_UP.indexOf(to);
  if (target >= 0) {
    const stopped = from === 'STOPPING' || (!isStopped(from) && hasReturned(to, times));
    if (stopped) return ['TERMINATED', ...WAY_UP.slice(0, target)];
    const at = WAY_UP.indexOf(from);
    if (at >= 0) return WAY_UP.slice(at + 1, target);
    return isStopped(from) ? WAY_UP.slice(0, target) : [];
  }
  // The VM has run and stopped again without being observed; only the time of its staging is known.
  if (isStopped(from) && (isStopped(to) || to === 'STOPPING')) return ['STAGING'];
  return isStopped(to) && WAY_UP.includes(from) ? ['STOPPING'] : [];
}

/** Returns when a status on the way to `to` began, according to the cloud; `null` if unknown. */
function timeOf(status: Status, to: Status, times: CloudTimes): number | null {
  const { begunAtMs, endedAtMs, direction, lastStartAtMs, lastStopAtMs } = times;
  switch (status) {
    case 'STAGING':
      return within(lastStartAtMs, times, {});
    case 'TERMINATED':
    case 'STOPPED':
      return within(lastStopAtMs, times, {}) ?? (status === to ? endOfStop(times) : null);
    case 'PROVISIONING':
      if (direction === 'down' || direction === 'gone') return null;
      return within(begunAtMs, times, { from: lastStopAtMs, until: to === 'PROVISIONING' ? null : lastStartAtMs });
    case 'PENDING_STOP':
    case 'STOPPING':
    case 'SUSPENDING':
      if (direction === 'up') return null;
      return within(begunAtMs, times, { from: lastStartAtMs, until: isStopped(to) ? lastStopAtMs : null });
    case 'RUNNING':
      if (direction === 'down' || direction === 'gone') return null;
      return within(endedAtMs, times, { from: latest(lastStartAtMs, lastStopAtMs) });
    default:
      if (direction === 'up' || direction === 'gone') return null;
      return within(endedAtMs, times, { from: latest(lastStartAtMs, lastStopAtMs) });
  }
}

/** Returns the end of a stop for which the VM itself has no timestamp. */
function endOfStop(times: CloudTimes): number | null {
  if (times.direction === 'up' || times.direction === 'gone') return null;
  return within(times.endedAtMs, times, { from: times.lastStartAtMs });
}

/** Returns the time unless it precedes the previous status or contradicts the VM's own timestamps. */
function within(
  atMs: number | null,
  { sinceMs }: Pick<CloudTimes, 'sinceMs'>,
  bounds: { readonly from?: number | null; readonly until?: number | null },
): number | null {
  if (atMs === null || atMs < sinceMs || atMs < (bounds.from ?? 0)) return null;
  const until = bounds.until ?? null;
  // A timestamp from before the previous status does not limit the end of this change.
  return until !== null && until >= sinceMs && atMs > until ? null : atMs;
}

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
