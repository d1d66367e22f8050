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
  readonly perMinute: Readonly<Record<LimitedOperation, number>>;
}
