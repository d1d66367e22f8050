import type { OperationFailure } from '#shared/domain/operation.ts';

/** The family's stable code for each reason for which an operation can fail. */
const CODE: Readonly<Record<OperationFailure, string>> = {
  zone_exhausted: 'CAPACITY_EXHAUSTED',
  cloud_quota_exceeded: 'PLATFORM_QUOTA_EXCEEDED',
  cloud_permission_denied: 'PLATFORM_PERMISSION_DENIED',
  cloud_rate_limited: 'PLATFORM_RATE_LIMITED',
  cloud_not_found: 'PLATFORM_RESOURCE_NOT_FOUND',
  cloud_already_exists: 'PLATFORM_NAME_TAKEN',
  cloud_not_ready: 'PLATFORM_NOT_READY',
  cloud_invalid_argument: 'SPEC_NOT_POSSIBLE',
  cloud_ip_space_exhausted: 'PLATFORM_ADDRESSES_EXHAUSTED',
  cloud_unknown_error: 'PLATFORM_ERROR_UNKNOWN',
  cloud_unavailable: 'PLATFORM_UNAVAILABLE',
  vm_missing: 'VM_MISSING',
  vm_stopped: 'VM_STOPPED',
  vm_preempted: 'VM_PREEMPTED',
  vm_started: 'VM_STARTED',
  wrong_state: 'WRONG_STATE',
  outcome_unknown: 'OUTCOME_UNKNOWN',
  instance_deleted: 'INSTANCE_DELETED',
  gave_up: 'ATTEMPTS_EXHAUSTED',
  cancelled: 'CANCELLED_BY_OPERATOR',
};

/** Returns the family's code. A reason that only a newer version knows is returned in upper case. */
export function failureCode(reason: string): string {
  return Object.hasOwn(CODE, reason) ? CODE[reason as OperationFailure] : reason.toUpperCase();
}
