import type { Contract } from '../contract.ts';
import { auditList } from './audit-list.ts';
import { instancesDelete } from './instances-delete.ts';
import { instancesGet } from './instances-get.ts';
import { instancesList } from './instances-list.ts';
import { instancesReset } from './instances-reset.ts';
import { instancesRestart } from './instances-restart.ts';
import { instancesStart } from './instances-start.ts';
import { instancesStop } from './instances-stop.ts';
import { operationsList } from './operations-list.ts';

/** The administrators' endpoints of the compute family, in the order of the documentation. */
export const ADMIN_CONTRACTS: readonly Contract[] = [
  instancesList,
  instancesGet,
  instancesDelete,
  instancesStop,
  instancesStart,
  instancesRestart,
  instancesReset,
  auditList,
  operationsList,
];
