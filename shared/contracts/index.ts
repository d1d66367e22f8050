import { ADMIN_CONTRACTS } from './admin/index.ts';
import { BILLING_CONTRACTS } from './billing/index.ts';
import type { Contract, FallbackContract, PagesContract } from './contract.ts';
import { configsList } from './compute/configs-list.ts';
import { fallback } from './compute/fallback.ts';
import { instancesCreate } from './compute/instances-create.ts';
import { instancesDelete } from './compute/instances-delete.ts';
import { instancesGet } from './compute/instances-get.ts';
import { instancesHistory } from './compute/instances-history.ts';
import { instancesList } from './compute/instances-list.ts';
import { instancesReset } from './compute/instances-reset.ts';
import { instancesRestart } from './compute/instances-restart.ts';
import { instancesSerialOutput } from './compute/instances-serial-output.ts';
import { instancesStart } from './compute/instances-start.ts';
import { instancesStop } from './compute/instances-stop.ts';
import { meGet } from './compute/me-get.ts';
import { instancesUpdate } from './compute/instances-update.ts';
import { operationsGet } from './compute/operations-get.ts';
import { operationsList } from './compute/operations-list.ts';
import { sshKeysCreate } from './compute/ssh-keys-create.ts';
import { sshKeysDelete } from './compute/ssh-keys-delete.ts';
import { sshKeysGet } from './compute/ssh-keys-get.ts';
import { sshKeysList } from './compute/ssh-keys-list.ts';
import { templatesList } from './compute/templates-list.ts';
import { templatesZones } from './compute/templates-zones.ts';
import { pages } from './docs/pages.ts';
import { fallback as fleetFallback, FLEET_CONTRACTS } from './fleet/index.ts';
import { fallback as resourceFallback, RESOURCE_CONTRACTS } from './resource/index.ts';

export { TOPICS } from './topics.ts';
export { WORKERS } from './workers.ts';

/** All endpoints, in the order of the documentation. */
export const CONTRACTS: readonly Contract[] = [
  instancesCreate,
  instancesList,
  instancesGet,
  instancesDelete,
  instancesStart,
  instancesStop,
  instancesRestart,
  instancesReset,
  instancesHistory,
  instancesUpdate,
  instancesSerialOutput,
  sshKeysCreate,
  sshKeysList,
  sshKeysGet,
  sshKeysDelete,
  templatesList,
  templatesZones,
  configsList,
  operationsList,
  operationsGet,
  meGet,
  ...ADMIN_CONTRACTS,
  ...BILLING_CONTRACTS,
  ...RESOURCE_CONTRACTS,
  ...FLEET_CONTRACTS,
];

export const FALLBACKS: readonly FallbackContract[] = [fallback, resourceFallback, fleetFallback];

/** Pages that can be read without a credential. */
export const PAGES: readonly PagesContract[] = [pages];
