import type { FailureReason } from '#shared/domain/reasons.ts';

/** Failures that every endpoint with authentication can return. */
export const SIGN_IN_FAILURES = [
  'credentials_missing',
  'credentials_malformed',
  'credentials_invalid',
  'too_many_failed_sign_ins',
  'issuer_unavailable',
  'tier_missing',
  'datastore_unavailable',
  'internal',
] as const satisfies readonly FailureReason[];

/** Failures of an endpoint with a rate limit whose request has nothing that could be invalid. */
export const UNCHECKED_FAILURES = [
  ...SIGN_IN_FAILURES,
  'rate_limited',
  'not_in_tier',
] as const satisfies readonly FailureReason[];

/** Failures that every other endpoint with a rate limit can return. */
export const LIMITED_FAILURES = ['invalid_request', ...UNCHECKED_FAILURES] as const satisfies readonly FailureReason[];

/** Further failures of changes: the body can be too large, and the transaction can conflict with others. */
export const CHANGE_FAILURES = ['payload_too_large', 'contention'] as const satisfies readonly FailureReason[];

/** Further failures of changes that support `Idempotency-Key`. */
export const POST_FAILURES = [
  ...CHANGE_FAILURES,
  'invalid_idempotency_key',
  'idempotency_key_reused',
] as const satisfies readonly FailureReason[];

/** Further failures of an operation on one instance. `stops`: whether the VM stops in its course. */
export function powerFailures({ stops }: { readonly stops: boolean }): readonly FailureReason[] {
  const lost = stops ? (['local_ssd_would_be_lost'] as const) : [];
  return ['instance_not_found', 'wrong_state', ...lost, 'too_many_operations'];
}

/** Further failures of requests that read a VM from Compute Engine while the caller waits. */
export const CLOUD_READ_FAILURES = [
  'cloud_permission_denied',
  'cloud_rate_limited',
  'cloud_unavailable',
  'cloud_unknown_error',
] as const satisfies readonly FailureReason[];

/** Failures of a creation, in addition to `POST_FAILURES`. */
export const CREATE_FAILURES = [
  ...CLOUD_READ_FAILURES,
  'idempotency_key_in_use',
  'quota_exceeded',
  'no_groups',
  'zone_exhausted',
  'cloud_quota_exceeded',
  'cloud_not_found',
  'cloud_already_exists',
  'cloud_not_ready',
  'cloud_invalid_argument',
  'cloud_ip_space_exhausted',
  'vm_preempted',
] as const satisfies readonly FailureReason[];

/** Failures of an edit of one instance, in addition to `CHANGE_FAILURES`. */
export const EDIT_FAILURES = [
  'instance_not_found',
  'instance_changed',
  'wrong_state',
  'too_many_operations',
  'ordered_instance',
] as const satisfies readonly FailureReason[];
