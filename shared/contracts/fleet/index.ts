import type { Contract } from '../contract.ts';
import { instancesList } from './instances-list.ts';
import { instancesStatus } from './instances-status.ts';
import { instancesUpdate } from './instances-update.ts';
import { pricingHistory } from './pricing-history.ts';
import { statusHistory } from './status-history.ts';

export { fallback } from './fallback.ts';

/** The endpoints of the fleet family, in the order of the documentation. */
export const FLEET_CONTRACTS: readonly Contract[] = [
  instancesList,
  instancesUpdate,
  instancesStatus,
  statusHistory,
  pricingHistory,
];
