import type { EventStatus } from './status.ts';
import type { Stored } from './stored-word.ts';

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
  readonly meter: Stored<Meter>;
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
    // A newer version's word.
    default:
      return 'keeps';
  }
}

/** The credit runs while the VM in a reserved place rests. */
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

/** Whether a meter runs after a change of status. */
export function isRunning(
  meter: Meter,
  change: { readonly status: Stored<EventStatus>; readonly reserved: boolean; readonly before: boolean },
): boolean {
  const reading = READING[meter](change.status, change.reserved);
  return reading === 'keeps' ? change.before : reading === 'runs';
}

/** A change of status that may move the meters. */
export interface MeteredChange {
  readonly status: Stored<EventStatus>;
  readonly atMs: number;
  /** From here on it is another VM: what was counted for the former one ends. */
  readonly replaced?: boolean;
}

/** Cents per instance-hour at a time; `undefined`: it costs nothing that we know of, so there is no period. */
export type PriceSource = Readonly<Record<Meter, (atMs: number) => number | undefined>>;

/** A period that was opened or closed. */
export interface MovedPeriod extends OpenPeriod {
  readonly meter: Meter;
  readonly endMs: number | null;
}

/** Meters, and the periods that were opened or closed on the way there, each once. */
export interface Metered {
  readonly metering: Metering;
  readonly periods: readonly MovedPeriod[];
}

/** The meters after some changes of status. */
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

/** The meters after the machine type has changed: what is charged goes on in a new period, at that type's price. */
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
