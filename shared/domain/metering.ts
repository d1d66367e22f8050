import type { EventStatus } from './status.ts';

/** What is counted while an instance exists: what it costs, and what a paused place of a reservation gives back. */
export const METERS = ['charge', 'credit'] as const;
export type Meter = (typeof METERS)[number];

/** A period that runs. */
export interface OpenPeriod {
  /** Its number among the periods of the instance. */
  readonly sequence: number;
  /** Cents per instance-hour. */
  readonly priceCents: number;
  readonly sinceMs: number;
}

/** An instance's periods, as the instance itself remembers them: how many there were, and which are open. */
export interface Metering extends Readonly<Record<Meter, OpenPeriod | null>> {
  readonly count: number;
}

export const UNMETERED: Metering = { count: 0, charge: null, credit: null };

/** One period of one price, open or closed. Outlives its instance. */
export interface PricePeriod {
  readonly instanceId: string;
  readonly sequence: number;
  readonly meter: Meter;
  readonly machineType: string;
  readonly priceCents: number;
  readonly startMs: number;
  /** `null`: still open. */
  readonly endMs: number | null;
  /** `""`: an earlier version did not say; then only administrators see the period. */
  readonly customerId: string;
  readonly visibleBy: readonly string[];
  readonly project: string;
  readonly bid: string | null;
  readonly reservation: string | null;
}

/** Key of a period: sorts by instance, then by sequence. */
export function periodId(instanceId: string, sequence: number): string {
  return `${instanceId}|${String(sequence).padStart(8, '0')}`;
}

/** Whether a meter runs. `keeps`: as before. */
type Reading = 'runs' | 'stands' | 'keeps';

/**
 * What each status says about the charge. It begins when the VM runs and ends when it has come to rest, as Compute
 * Engine counts; on its way there it is charged on. The place of a reservation is paid for while its VM rests, too.
 */
function chargeReading(status: EventStatus, reserved: boolean): Reading {
  switch (status) {
    case 'RUNNING':
    case 'REPAIRING':
      return 'runs';
    case 'STOPPED':
    case 'TERMINATED':
    case 'SUSPENDED':
      return reserved ? 'keeps' : 'stands';
    case 'ERROR':
    case 'DELETED':
      return 'stands';
    case 'PENDING':
    case 'PROVISIONING':
    case 'STAGING':
    case 'PENDING_STOP':
    case 'STOPPING':
    case 'SUSPENDING':
    case 'DEPROVISIONING':
    case 'DELETING':
      return 'keeps';
  }
}

/** The credit runs while the VM in a reserved place rests. */
function creditReading(status: EventStatus, reserved: boolean): Reading {
  switch (status) {
    case 'STOPPED':
    case 'TERMINATED':
    case 'SUSPENDED':
      return reserved ? 'runs' : 'stands';
    case 'DELETING':
    case 'DEPROVISIONING':
      return 'keeps';
    case 'PENDING':
    case 'PROVISIONING':
    case 'STAGING':
    case 'RUNNING':
    case 'REPAIRING':
    case 'PENDING_STOP':
    case 'STOPPING':
    case 'SUSPENDING':
    case 'ERROR':
    case 'DELETED':
      return 'stands';
  }
}

const READING = { charge: chargeReading, credit: creditReading } as const;

/** Whether a meter runs after a change of status. */
export function isRunning(
  meter: Meter,
  change: { readonly status: EventStatus; readonly reserved: boolean; readonly before: boolean },
): boolean {
  const reading = READING[meter](change.status, change.reserved);
  return reading === 'keeps' ? change.before : reading === 'runs';
}

/** A change of status that may move the meters. */
export interface MeteredChange {
  readonly status: EventStatus;
  readonly atMs: number;
}

/** Cents per instance-hour at a time; `undefined`: it costs nothing that we know of, so there is no period. */
export type PriceSource = Readonly<Record<Meter, (atMs: number) => number | undefined>>;

/** A period that was opened or closed. */
export interface MovedPeriod extends OpenPeriod {
  readonly meter: Meter;
  readonly endMs: number | null;
}

/** The meters after some changes of status, and the periods that these opened or closed, each once. */
export function meterChanges(
  metering: Metering,
  changes: readonly MeteredChange[],
  { reserved, prices }: { readonly reserved: boolean; readonly prices: PriceSource },
): { readonly metering: Metering; readonly periods: readonly MovedPeriod[] } {
  let after = metering;
  const periods = new Map<number, MovedPeriod>();
  for (const { status, atMs } of changes) {
    for (const meter of METERS) {
      const open = after[meter];
      const runs = isRunning(meter, { status, reserved, before: open !== null });
      if (runs === (open !== null)) continue;
      if (open !== null) {
        periods.set(open.sequence, { ...open, meter, endMs: Math.max(open.sinceMs, atMs) });
        after = { ...after, [meter]: null };
        continue;
      }
      const priceCents = prices[meter](atMs);
      if (priceCents === undefined) continue;
      const opened: OpenPeriod = { sequence: after.count + 1, priceCents, sinceMs: atMs };
      periods.set(opened.sequence, { ...opened, meter, endMs: null });
      after = { ...after, count: opened.sequence, [meter]: opened };
    }
  }
  return { metering: after, periods: [...periods.values()] };
}
