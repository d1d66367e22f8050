import { type InstanceStatus, isStopped } from './status.ts';
import type { Stored } from './stored-word.ts';

/** Where an act on a VM leads: to RUNNING, to a stop, or to no VM. */
export type Direction = 'up' | 'down' | 'gone';

/** What the cloud says about when a VM did what; `null` where it says nothing. Epoch ms. */
export interface CloudTimes {
  /** When the change that was seen was asked for, as the trigger says. */
  readonly begunAtMs: number | null;
  /** When it ended, as the trigger says. */
  readonly endedAtMs: number | null;
  /** What the trigger's act leads to; `null` when it does not say. */
  readonly direction: Direction | null;
  /** The VM's own timestamps: when it was last staged, and when it last came to rest. */
  readonly lastStartAtMs: number | null;
  readonly lastStopAtMs: number | null;
  /** When the status before began: nothing that happened since is older. */
  readonly sinceMs: number;
  /** When the VM was looked at. */
  readonly nowMs: number;
}

/** On record there may be a word of a newer version. */
type Status = Stored<InstanceStatus>;

export interface StatusTransition {
  readonly status: Status;
  readonly atMs: number;
}

const WAY_UP: readonly Status[] = ['PROVISIONING', 'STAGING', 'RUNNING'];

/**
 * What a VM went through from the status on record to the one that is seen now, which is the last. The VM's own timestamps
 * have the last word on when: a time that they contradict is of another act (an event that came late), so it is not used. A
 * status on the way whose time nothing tells is left out: no event is better than one with an invented time. The last
 * status without a time of its own counts from the look, when it was certainly true.
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

/** True when a VM has left its status and come back to it since it was last looked at, by its own timestamps. */
export function hasReturned(
  status: Status,
  { lastStartAtMs, lastStopAtMs, sinceMs }: Pick<CloudTimes, 'lastStartAtMs' | 'lastStopAtMs' | 'sinceMs'>,
): boolean {
  const stopped = lastStopAtMs !== null && lastStopAtMs > sinceMs;
  if (WAY_UP.includes(status)) return stopped;
  return isStopped(status) && stopped && lastStartAtMs !== null && lastStartAtMs > sinceMs;
}

/**
 * True when a VM that was looked at has gone on since the status on record began, by its own timestamps: it was staged, or
 * came to rest, then or later, and is further on its way. Clocks of processes say nothing here; each may be ahead or behind.
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

/** What must have been in between, in its order. */
function statusesBetween(from: Status, to: Status, times: CloudTimes): readonly Status[] {
  const target = WAY_UP.indexOf(to);
  if (target >= 0) {
    const stopped = from === 'STOPPING' || (!isStopped(from) && hasReturned(to, times));
    if (stopped) return ['TERMINATED', ...WAY_UP.slice(0, target)];
    const at = WAY_UP.indexOf(from);
    if (at >= 0) return WAY_UP.slice(at + 1, target);
    return isStopped(from) ? WAY_UP.slice(0, target) : [];
  }
  // A whole run that nothing looked at: when it was staged is all that the VM still says of it.
  if (isStopped(from) && (isStopped(to) || to === 'STOPPING')) return ['STAGING'];
  return isStopped(to) && WAY_UP.includes(from) ? ['STOPPING'] : [];
}

/** When a status on the way to `to` began, by what the cloud says; `null` when nothing tells. */
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

/** For a stop that the VM itself does not date. */
function endOfStop(times: CloudTimes): number | null {
  if (times.direction === 'up' || times.direction === 'gone') return null;
  return within(times.endedAtMs, times, { from: times.lastStartAtMs });
}

/** A time that is not older than the status before, nor outside of what the VM itself says. */
function within(
  atMs: number | null,
  { sinceMs }: Pick<CloudTimes, 'sinceMs'>,
  bounds: { readonly from?: number | null; readonly until?: number | null },
): number | null {
  if (atMs === null || atMs < sinceMs || atMs < (bounds.from ?? 0)) return null;
  const until = bounds.until ?? null;
  // The VM's timestamps of the time before say nothing about the end of this act.
  return until !== null && until >= sinceMs && atMs > until ? null : atMs;
}

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
