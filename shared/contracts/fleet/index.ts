import type { Contract } from '../contract.ts';
import { instancesList } from './instances-list.ts';
import { instancesStatus } from './instances-status.ts';
import { instancesUpdate } from './instances-update.ts';
import { pricingHistory } from './pricing-history.ts';
import { sshKeysCreate } from './ssh-keys-create.ts';
import { sshKeysDelete } from './ssh-keys-delete.ts';
import { sshKeysList } from './ssh-keys-list.ts';
import { sshKeysUpdate } from './ssh-keys-update.ts';
import { statusHistory } from './status-history.ts';

export { fallback } from './fallback.ts';

/** The endpoints of the fleet family, in the order of the documentation. */
export const FLEET_CONTRACTS: readonly Contract[] = [
  instancesList,
  instancesUpdate,
  instancesStatus,
  statusHistory,
  pricingHistory,
  sshKeysCreate,
  sshKeysList,
  sshKeysUpdate,
  sshKeysDelete,
];
