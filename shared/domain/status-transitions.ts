import { type InstanceStatus, isStopped } from './status.ts';

/** What the cloud says about when a VM did what; `null` where it says nothing. Epoch ms. */
export interface CloudTimes {
  /** When the change that was seen was asked for. */
  readonly begunAtMs: number | null;
  readonly lastStartAtMs: number | null;
  readonly lastStopAtMs: number | null;
  /** When the status before began: nothing that happened since is older. */
  readonly sinceMs: number;
  /** When the status that is seen began, as far as the trigger knows. */
  readonly atMs: number;
}

export interface StatusTransition {
  readonly status: InstanceStatus;
  readonly atMs: number;
}

const WAY_UP: readonly InstanceStatus[] = ['PROVISIONING', 'STAGING', 'RUNNING'];

/**
 * The way of a VM from the status on record to the one that is seen now, which is the last. Nobody looks all the time,
 * but a VM that runs was staged before, and its own timestamps say when. A status whose time nothing tells is left out:
 * no event is better than one at a time that was made up.
 */
export function statusTransitions(
  from: InstanceStatus,
  to: InstanceStatus,
  times: CloudTimes,
): readonly StatusTransition[] {
  const between = statusesBetween(from, to).map((status) => ({ status, atMs: timeOf(status, times) }));
  const last = { status: to, atMs: timeOf(to, times) ?? Math.max(times.atMs, times.sinceMs) };
  const way: StatusTransition[] = [];
  // A time after the end, or before the beginning, is of another trigger.
  for (const { status, atMs } of between) {
    if (atMs !== null && atMs >= times.sinceMs && atMs <= last.atMs) way.push({ status, atMs });
  }
  way.sort((a, b) => a.atMs - b.atMs);
  return [...way, last];
}

/** What must have been in between, in its order. */
function statusesBetween(from: InstanceStatus, to: InstanceStatus): readonly InstanceStatus[] {
  const target = WAY_UP.indexOf(to);
  if (target > 0) {
    const at = WAY_UP.indexOf(from);
    if (at >= 0) return WAY_UP.slice(at + 1, target);
    if (isStopped(from)) return WAY_UP.slice(0, target);
    return from === 'STOPPING' ? ['TERMINATED', ...WAY_UP.slice(0, target)] : [];
  }
  return isStopped(to) && WAY_UP.includes(from) ? ['STOPPING'] : [];
}

/** When a status began, by the VM's own timestamps where it has one for it; `null` when nothing tells. */
function timeOf(status: InstanceStatus, times: CloudTimes): number | null {
  switch (status) {
    case 'STAGING':
      return recent(times.lastStartAtMs, times);
    case 'TERMINATED':
    case 'STOPPED':
      return recent(times.lastStopAtMs, times);
    case 'PROVISIONING':
    case 'STOPPING':
      return times.begunAtMs === null ? null : Math.max(times.begunAtMs, times.sinceMs);
    default:
      return null;
  }
}

/** The timestamps are those of the last time, which may be long ago. */
function recent(atMs: number | null, { sinceMs }: CloudTimes): number | null {
  return atMs !== null && atMs >= sinceMs ? atMs : null;
}
