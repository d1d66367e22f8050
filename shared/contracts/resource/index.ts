import type { Contract } from '../contract.ts';
import { instancesCreate } from './instances-create.ts';
import { instancesDelete } from './instances-delete.ts';
import { instancesGet } from './instances-get.ts';
import { instancesList } from './instances-list.ts';
import { operationsGet } from './operations-get.ts';
import { operationsList } from './operations-list.ts';
import { sshKeysCreate } from './ssh-keys-create.ts';
import { sshKeysDelete } from './ssh-keys-delete.ts';
import { sshKeysGet } from './ssh-keys-get.ts';
import { sshKeysList } from './ssh-keys-list.ts';

export { fallback } from './fallback.ts';

/** The endpoints of the resource family, in the order of the documentation. */
export const RESOURCE_CONTRACTS: readonly Contract[] = [
  instancesCreate,
  instancesList,
  instancesGet,
  instancesDelete,
  operationsList,
  operationsGet,
  sshKeysCreate,
  sshKeysList,
  sshKeysGet,
  sshKeysDelete,
];
