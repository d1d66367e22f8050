import type { Contract } from '../contract.ts';
import { instancesCreate } from './instances-create.ts';
import { instancesDelete } from './instances-delete.ts';
import { instancesGet } from './instances-get.ts';
import { instancesList } from './instances-list.ts';
import { instancesSerialOutput } from './instances-serial-output.ts';
import { instancesUpdate } from './instances-update.ts';
import { operationsGet } from './operations-get.ts';
import { operationsList } from './operations-list.ts';
import { sshKeysCreate } from './ssh-keys-create.ts';
import { sshKeysDelete } from './ssh-keys-delete.ts';
import { sshKeysGet } from './ssh-keys-get.ts';
import { sshKeysList } from './ssh-keys-list.ts';
import { imagesList } from './images-list.ts';
import { instancesHistory } from './instances-history.ts';
import { instancesReset } from './instances-reset.ts';
import { instancesRestart } from './instances-restart.ts';
import { instancesStart } from './instances-start.ts';
import { instancesStop } from './instances-stop.ts';
import { meGet } from './me-get.ts';
import { regionsList } from './regions-list.ts';
import { securityGroupsList } from './security-groups-list.ts';
import { serverTypesList } from './server-types-list.ts';
import { subnetsList } from './subnets-list.ts';
import { vpcsList } from './vpcs-list.ts';

export { fallback } from './fallback.ts';

/** The endpoints of the resource family, in the order of the documentation. */
export const RESOURCE_CONTRACTS: readonly Contract[] = [
  instancesCreate,
  instancesList,
  instancesGet,
  instancesDelete,
  instancesUpdate,
  instancesSerialOutput,
  operationsList,
  instancesStart,
  instancesStop,
  instancesRestart,
  instancesReset,
  instancesHistory,
  operationsGet,
  meGet,
  serverTypesList,
  imagesList,
  vpcsList,
  subnetsList,
  securityGroupsList,
  regionsList,
  sshKeysCreate,
  sshKeysList,
  sshKeysGet,
  sshKeysDelete,
];
