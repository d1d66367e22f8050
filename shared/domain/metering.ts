import type { EventStatus } from './status.ts';
import type { Stored } from './stored-word.ts';

/**
 * `charge`: what an instance costs; `credit`: what is refunded while an instance that uses a reservation is stopped.
 */
export const METERS = ['charge', 'credit'] as const;
export type Meter = (typeof METERS)[number];

/** A price period that has not ended. */
export interface OpenPeriod {
  /** Number of the period within its instance. */
  readonly sequence: number;
  /** Cents per instance-hour. */
  readonly priceCents: number;
  readonly sinceMs: number;
}

/** The state of an instance's price periods: their number, and the open period of each meter (`null`: none). */
export interface Metering extends Readonly<Record<Meter, OpenPeriod | null>> {
  readonly count: number;
}

export const UNMETERED: Metering = { count: 0, charge: null, credit: null };

/** One period with one price, open or ended. It outlives its instance. */
export interface PricePeriod {
  readonly instanceId: string;
  readonly sequence: number;
  readonly meter: Stored<Meter>;
  readonly machineType: string;
  readonly priceCents: number;
  readonly startMs: number;
  /** `null`: the period has not ended. */
  readonly endMs: number | null;
  /** `""` in rows of earlier versions, which only administrators may see. */
  readonly customerId: string;
  readonly visibleBy: readonly string[];
  readonly project: string;
  readonly bid: string | null;
  readonly reservation: string | null;
}

/** Returns the key of a period; keys sort by instance, then by sequence. */
export function periodId(instanceId: string, sequence: number): string {
  return `${instanceId}|${String(sequence).padStart(8, '0')}`;
}

/** What a status means for a meter: it runs, it is stopped (`stands`), or it stays as before (`keeps`). */
type Reading = 'runs' | 'stands' | 'keeps';

/**
 * Returns what a status means for the charge. As on Compute Engine, charging begins when the VM runs and ends when it
 * has stopped; while it is stopping, it is still charged. An instance that uses a reservation is charged while stopped,
 * too.
 */
function chargeReading(status: Stored<EventStatus>, reserved: boolean): Reading {
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
    // A status that only a newer version knows.
    default:
      return 'keeps';
  }
}

/** Returns what a status means for the credit, which runs while a VM that uses a reservation is stopped. */
function creditReading(status: Stored<EventStatus>, reserved: boolean): Reading {
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
    default:
      return 'keeps';
  }
}

const READING = { charge: chargeReading, credit: creditReading } as const;

/** Returns whether a meter runs after a status change. */
export function isRunning(
  meter: Meter,
  change: { readonly status: Stored<EventStatus>; readonly reserved: boolean; readonly before: boolean },
): boolean {
  const reading = READING[meter](change.status, change.reserved);
  return reading === 'keeps' ? change.before : reading === 'runs';
}

/** A status change that can start or stop the meters. */
export interface MeteredChange {
  readonly status: Stored<EventStatus>;
  readonly atMs: number;
  /** True if the change begins another VM of the same name, so the former VM's periods end. */
  readonly replaced?: boolean;
}

/** Returns cents per instance-hour at a time; `undefined`: no price is known, so there is no period. */
export type PriceSource = Readonly<Record<Meter, (atMs: number) => number | undefined>>;

/** A period that was opened or ended. */
export interface MovedPeriod extends OpenPeriod {
  readonly meter: Meter;
  readonly endMs: number | null;
}

/** The meters after a change, and the periods that it opened or ended, without duplicates. */
export interface Metered {
  readonly metering: Metering;
  readonly periods: readonly MovedPeriod[];
}

/** Returns the meters after some status changes. */
export function meterChanges(
  metering: Metering,
  changes: readonly MeteredChange[],
  { reserved, prices }: { readonly reserved: boolean; readonly prices: PriceSource },
): Metered {
  let after = metering;
  const periods = new Map<number, MovedPeriod>();
  const move = (moved: { readonly metering: Metering; readonly period: MovedPeriod | undefined }) => {
    after = moved.metering;
    if (moved.period !== undefined) periods.set(moved.period.sequence, moved.period);
  };
  for (const { status, atMs, replaced = false } of changes) {
    for (const meter of METERS) {
      if (replaced) move(closed(after, meter, atMs));
      const before = after[meter] !== null;
      const runs = isRunning(meter, { status, reserved, before });
      if (runs !== before) move(runs ? opened(after, meter, { atMs, prices }) : closed(after, meter, atMs));
    }
  }
  return { metering: after, periods: [...periods.values()] };
}

/**
 * Returns the meters after a change of the machine type: the open charge ends, and a new period begins at the new
 * type's price.
 */
export function meterNewType({ metering, periods }: Metered, atMs: number, prices: PriceSource): Metered {
  const ended = closed(metering, 'charge', atMs);
  if (ended.period === undefined) return { metering, periods };
  const { sequence } = ended.period;
  const next = opened(ended.metering, 'charge', { atMs: Math.max(atMs, ended.period.sinceMs), prices });
  const moved = [ended.period, ...(next.period === undefined ? [] : [next.period])];
  return { metering: next.metering, periods: [...periods.filter((period) => period.sequence !== sequence), ...moved] };
}

function closed(metering: Metering, meter: Meter, atMs: number) {
  const open = metering[meter];
  if (open === null) return { metering, period: undefined };
  return {
    metering: { ...metering, [meter]: null },
    period: { ...open, meter, endMs: Math.max(open.sinceMs, atMs) },
  };
}

function opened(metering: Metering, meter: Meter, { atMs, prices }: { atMs: number; prices: PriceSource }) {
  const priceCents = prices[meter](atMs);
  if (priceCents === undefined) return { metering, period: undefined };
  const open: OpenPeriod = { sequence: metering.count + 1, priceCents, sinceMs: atMs };
  return {
    metering: { ...metering, count: open.sequence, [meter]: open },
    period: { ...open, meter, endMs: null },
  };
}
