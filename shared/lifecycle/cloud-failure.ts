import { Failure } from '#shared/domain/failure.ts';
import type { CloudVerb, OperationFailure } from '#shared/domain/operation.ts';
import { regionOf, zonesOf } from '#shared/domain/zones.ts';
import type { CloudError, CloudReason } from '#shared/gce/cloud-error.ts';
import type { Stockout } from '#shared/gce/stockout.ts';

/** What was asked of Compute Engine when it said no; `get`: nothing but a look. */
export type RefusedVerb = CloudVerb | 'get';

interface Told {
  readonly reason: OperationFailure;
  readonly advice: string | ((verb: RefusedVerb) => string);
}

/** What a caller is told when Compute Engine did not do it: stable reason, advice, nothing of its own text. */
const REASON = {
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
  ip_space_exhausted: {
    reason: 'cloud_ip_space_exhausted',
    advice: 'The subnetwork has no free address; its operators have to enlarge it, or choose another network.',
  },
  preempted: {
    reason: 'vm_preempted',
    advice: 'Compute Engine took the Spot machine back. Please try again, or another zone.',
  },
  not_found: { reason: 'cloud_not_found', advice: notFound },
  already_exists: { reason: 'cloud_already_exists', advice: 'Please try again.' },
  not_ready: { reason: 'cloud_not_ready', advice: 'Please try again in a few seconds.' },
  invalid_argument: { reason: 'cloud_invalid_argument', advice: notPossible },
  backend_error: { reason: 'cloud_unavailable', advice: 'Please try again.' },
  lost: { reason: 'cloud_unavailable', advice: 'Please try again.' },
  unknown: {
    reason: 'cloud_unknown_error',
    advice:
      'Compute Engine gave a reason that this service does not know; its operators find it in the log. Please try again.',
  },
} as const satisfies Readonly<Record<CloudReason, Told>>;

function notFound(verb: RefusedVerb): string {
  return verb === 'insert'
    ? 'The image, network or machine type is not available in this zone.'
    : 'Compute Engine has no such virtual machine.';
}

function notPossible(verb: RefusedVerb): string {
  return verb === 'insert' || verb === 'start'
    ? 'This combination of machine type, image, disk and network is not possible.'
    : `Compute Engine does not take this ${verb} for the virtual machine as it is made or in its present state.`;
}

/**
 * Reason and text for an operation of this verb that Compute Engine refused or ended. `stockout`: which zones have room,
 * where Compute Engine says so.
 */
export function cloudReason(
  reason: CloudReason,
  verb: RefusedVerb,
  stockout?: Stockout,
): { readonly reason: OperationFailure; readonly message: string } {
  const { reason: told, advice }: Told = REASON[reason];
  if (stockout !== undefined) return { reason: told, message: `GCP operation failed. ${stockoutText(stockout)}` };
  return { reason: told, message: `GCP operation failed. ${typeof advice === 'string' ? advice : advice(verb)}` };
}

function stockoutText({ zone, machineType, zonesAvailable }: Stockout): string {
  const type = machineType === '' ? 'this machine type' : machineType;
  const [first] = zonesAvailable;
  const advice =
    first === undefined
      ? 'Please try another region or come back later.'
      : `There is room in ${zonesAvailable.join(', ')}.`;
  return `Zone ${zone} has no capacity for ${type} now. ${advice}`;
}

/** The failure that a caller sees. */
export function cloudFailure(error: CloudError, zone: string, verb: RefusedVerb): Failure {
  const { message } = cloudReason(error.reason, verb);
  if (error.reason === 'zone_exhausted') {
    const others = zonesOf(regionOf(zone)).filter((other) => other !== zone);
    const text =
      error.stockout === undefined
        ? `Zone ${zone} has no capacity for this machine type now. Try ${others.join(' or ')}, or come back later.`
        : stockoutText(error.stockout);
    return new Failure('zone_exhausted', text, { retryAfterSeconds: 60, cause: error });
  }
  if (error.reason === 'rate_limited') {
    return new Failure('unavailable', message, {
      reason: REASON.rate_limited.reason,
      retryAfterSeconds: 30,
      cause: error,
    });
  }
  return new Failure('cloud_failed', message, { reason: REASON[error.reason].reason, cause: error });
}
