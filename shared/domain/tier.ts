/**
 * Operations with a limit per minute and customer. `catalog` covers templates, their zones and configs; `operations`
 * and `history` cover reads of those.
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

/** The limits of a tier's customers. In every number, -1 means unlimited and 0 disabled. */
export interface Tier {
  readonly name: string;
  /** Maximum number of existing instances, including stopped ones. */
  readonly maxInstances: number;
  /** Maximum GB of all volumes together; 0 (disabled) for tiers stored before volumes existed. */
  readonly maxVolumeGb: number;
  readonly perMinute: Readonly<Record<LimitedOperation, number>>;
}

/**
 * Completes the limits of a tier that was stored before an operation existed. The new operation gets the strictest
 * positive limit of the others until the catalogue sets one: an update must neither lock customers out nor grant
 * unlimited access.
 */
export function completeLimits(stored: Readonly<Record<string, number>>): Tier['perMinute'] {
  const known = LIMITED_OPERATIONS.map((operation) => stored[operation]).filter((limit) => limit !== undefined);
  const finite = known.filter((limit) => limit > 0);
  const fallback = finite.length > 0 ? Math.min(...finite) : known.includes(UNLIMITED) ? UNLIMITED : DISABLED;
  const complete = LIMITED_OPERATIONS.map((operation) => [operation, stored[operation] ?? fallback] as const);
  // Limits that only a newer version knows are kept.
  return { ...stored, ...Object.fromEntries(complete) } as Tier['perMinute'];
}
