import type { Contract } from '../contract.ts';
import { auditList } from './audit-list.ts';
import { operationsGet } from './operations-get.ts';
import { operationsRetry } from './operations-retry.ts';
import { operationsCancel } from './operations-cancel.ts';
import { deadLettersList } from './dead-letters-list.ts';
import { deadLettersReplay } from './dead-letters-replay.ts';
import { deadLettersDiscard } from './dead-letters-discard.ts';
import { customersGet } from './customers-get.ts';
import { customersSuspend } from './customers-suspend.ts';
import { customersResume } from './customers-resume.ts';
import { instancesHistory } from './instances-history.ts';
import { instancesSync } from './instances-sync.ts';
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
  operationsGet,
  operationsRetry,
  operationsCancel,
  deadLettersList,
  deadLettersReplay,
  deadLettersDiscard,
  customersGet,
  customersSuspend,
  customersResume,
  instancesHistory,
  instancesSync,
];
