/**
 * What is counted per minute, per customer. `catalog` is the templates, their zones and the configs together;
 * `operations` and `history` are reads of those.
 */
export const LIMITED_OPERATIONS = [
  'create',
  'list',
  'get',
  'delete',
  'start',
  'stop',
  'restart',
  'reset',
  'catalog',
  'operations',
  'history',
] as const;
export type LimitedOperation = (typeof LIMITED_OPERATIONS)[number];

export const UNLIMITED = -1;
export const DISABLED = 0;

/** What a customer of this tier may use. In every number -1 is unlimited and 0 disabled. */
export interface Tier {
  readonly name: string;
  /** Instances that exist at the same time, stopped ones too. */
  readonly maxInstances: number;
  /** GB of all volumes together. A tier that was stored before there were volumes has none. */
  readonly maxVolumeGb: number;
  readonly perMinute: Readonly<Record<LimitedOperation, number>>;
}

/**
 * The limits of a tier that was stored before there was a limit for every operation. A new one is as strict as the
 * strictest of the others that lets anything through, until the catalogue says what it is: a new version must neither lock
 * a customer out nor open what nobody has decided on.
 */
export function completeLimits(stored: Readonly<Record<string, number>>): Tier['perMinute'] {
  const known = LIMITED_OPERATIONS.map((operation) => stored[operation]).filter((limit) => limit !== undefined);
  const finite = known.filter((limit) => limit > 0);
  const fallback = finite.length > 0 ? Math.min(...finite) : known.includes(UNLIMITED) ? UNLIMITED : DISABLED;
  const complete = LIMITED_OPERATIONS.map((operation) => [operation, stored[operation] ?? fallback] as const);
  // A newer version's limits stay as they are.
  return { ...stored, ...Object.fromEntries(complete) } as Tier['perMinute'];
}
