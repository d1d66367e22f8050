import { Failure } from '#shared/domain/failure.ts';
import type { OperationFailure } from '#shared/domain/operation.ts';
import { regionOf, zonesOf } from '#shared/domain/zones.ts';
import type { CloudError, CloudReason } from '#shared/gce/cloud-error.ts';

/** What a caller is told when Compute Engine did not do it: stable reason, advice, nothing of its own text. */
const REASON: Readonly<Record<CloudReason, { readonly reason: OperationFailure; readonly advice: string }>> = {
  quota_exceeded: {
    reason: 'cloud_quota_exceeded',
    advice: 'The platform has reached its own quota; its operators have to raise it.',
  },
  permission_denied: {
    reason: 'cloud_permission_denied',
    advice: 'The platform lacks a permission; its operators have to grant it.',
  },
  rate_limited: { reason: 'cloud_rate_limited', advice: 'Please try again in half a minute.' },
  zone_exhausted: { reason: 'zone_exhausted', advice: 'Please try another zone or come back later.' },
  not_found: { reason: 'cloud_not_found', advice: 'The image, network or machine type is not available in this zone.' },
  already_exists: { reason: 'cloud_already_exists', advice: 'Please try again.' },
  not_ready: { reason: 'cloud_not_ready', advice: 'Please try again in a few seconds.' },
  invalid_argument: {
    reason: 'cloud_invalid_argument',
    advice: 'This combination of machine type, image, disk and network is not possible.',
  },
  backend_error: { reason: 'cloud_unavailable', advice: 'Please try again.' },
  lost: { reason: 'cloud_unavailable', advice: 'Please try again.' },
};

export function cloudReason(reason: CloudReason): { readonly reason: OperationFailure; readonly message: string } {
  return { reason: REASON[reason].reason, message: `GCP operation failed. ${REASON[reason].advice}` };
}

/** The failure that a caller sees. */
export function cloudFailure(error: CloudError, zone: string): Failure {
  const { reason, message } = cloudReason(error.reason);
  if (error.reason === 'zone_exhausted') {
    const others = zonesOf(regionOf(zone)).filter((other) => other !== zone);
    return new Failure(
      'zone_exhausted',
      `Zone ${zone} has no capacity for this machine type now. Try ${others.join(' or ')}, or come back later.`,
      {
        reason,
        retryAfterSeconds: 60,
        cause: error,
      },
    );
  }
  if (error.reason === 'rate_limited') {
    return new Failure('unavailable', message, { reason, retryAfterSeconds: 30, cause: error });
  }
  return new Failure('cloud_failed', message, { reason, cause: error });
}
