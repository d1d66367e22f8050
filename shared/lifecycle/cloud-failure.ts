import { Failure } from '#shared/domain/failure.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { CloudVerb, OperationFailure } from '#shared/domain/operation.ts';
import { regionOf, zonesOf } from '#shared/domain/zones.ts';
import { CloudError, type CloudReason } from '#shared/gce/cloud-error.ts';
import type { Stockout } from '#shared/gce/stockout.ts';

/** The call that Compute Engine refused; `get` also stands for "no call". */
export type RefusedVerb = CloudVerb | 'get';

interface Shown {
  readonly reason: OperationFailure;
  readonly advice: string | ((verb: RefusedVerb) => string);
}

/** The reason and advice returned to callers for each error of Compute Engine, whose own message is not shown. */
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
    advice: noAddress,
  },
  preempted: {
    reason: 'vm_preempted',
    advice: 'Compute Engine took the Spot machine back. Please try again, or another zone.',
  },
  not_found: { reason: 'cloud_not_found', advice: notFound },
  already_exists: { reason: 'cloud_already_exists', advice: 'Please try again.' },
  not_ready: { reason: 'cloud_not_ready', advice: 'Please try again in a few seconds.' },
  stale: {
    reason: 'cloud_not_ready',
    advice: 'The virtual machine is being changed from elsewhere. Please try again.',
  },
  invalid_argument: { reason: 'cloud_invalid_argument', advice: notPossible },
  backend_error: { reason: 'cloud_unavailable', advice: 'Please try again.' },
  lost: { reason: 'cloud_unavailable', advice: 'Please try again.' },
  unknown: {
    reason: 'cloud_unknown_error',
    advice:
      'Compute Engine gave a reason that this service does not know; its operators find it in the log. Please try again.',
  },
} as const satisfies Readonly<Record<CloudReason, Shown>>;

function notFound(verb: RefusedVerb): string {
  return verb === 'insert'
    ? 'The image, network or machine type is not available in this zone. Please try another zone, or another of them.'
    : 'Compute Engine has no such virtual machine.';
}

/** Only a new machine can be in another network. */
function noAddress(verb: RefusedVerb): string {
  return verb === 'insert'
    ? "The subnetwork has no free address. Please choose another network, or ask the platform's operators to enlarge it."
    : "The subnetwork has no free address; the platform's operators have to enlarge it.";
}

function notPossible(verb: RefusedVerb): string {
  switch (verb) {
    case 'insert':
      return (
        'This combination of machine type, image, disk and network is not possible. Please choose another one; ' +
        "the platform's operators find in the log what does not fit."
      );
    case 'start':
      return (
        'A machine of this combination of machine type, disk and network cannot start. Please give it another machine ' +
        "type, or ask the platform's operators, who find in the log what does not fit."
      );
    case 'setMachineType':
      return 'The disks and the network of this machine do not go with that machine type. Please choose another one.';
    default:
      return `Compute Engine does not take this ${verb} for the virtual machine as it is made or in its present state.`;
  }
}

/** A machine for which a zone had no capacity, and the zones with capacity if Compute Engine named them. */
export type NoRoom = Pick<Stockout, 'zone' | 'machineType'> & Partial<Pick<Stockout, 'zonesAvailable'>>;

/** Returns the zone and machine type of an instance, for the text about a stockout. */
export function machineOf({ zone, machine }: Pick<Instance, 'zone' | 'machine'>): NoRoom {
  return { zone, machineType: machine.machineType };
}

/**
 * Returns reason and text for a failed call or operation. `noRoom` is the machine that the text about a stockout names.
 */
export function cloudReason(
  reason: CloudReason,
  verb: RefusedVerb,
  noRoom?: NoRoom,
): { readonly reason: OperationFailure; readonly message: string } {
  const { reason: shown, advice }: Shown = REASON[reason];
  if (reason === 'zone_exhausted' && noRoom !== undefined) {
    return { reason: shown, message: `GCP operation failed. ${stockoutText(noRoom, verb)}` };
  }
  return { reason: shown, message: `GCP operation failed. ${typeof advice === 'string' ? advice : advice(verb)}` };
}

/** Describes a stockout. It suggests the zones that Compute Engine named, otherwise the other zones of the region. */
function stockoutText({ zone, machineType, zonesAvailable }: NoRoom, verb: RefusedVerb): string {
  const type = machineType === '' ? 'this machine type' : machineType;
  const what = `Zone ${zone} has no capacity for ${type} now.`;
  const stays = verb === 'insert' ? '' : ' This instance can start once there is room; a new one can be elsewhere.';
  if (zonesAvailable === undefined) {
    const others = zonesOf(regionOf(zone)).filter((other) => other !== zone);
    return `${what}${stays} Try ${others.join(' or ')}, or come back later.`;
  }
  const [first] = zonesAvailable;
  if (first === undefined) return `${what}${stays} Please try another region or come back later.`;
  return `${what}${stays} There is room in ${zonesAvailable.join(', ')}.`;
}

/** Refusals whose meaning is known for a read of a VM. Any other becomes `unknown`. */
const OF_A_READ: ReadonlySet<CloudReason> = new Set<CloudReason>([
  'permission_denied',
  'rate_limited',
  'backend_error',
  'lost',
]);

/** Returns the failure that the caller of a read of a VM receives. */
export function readFailure(error: CloudError, machine: NoRoom): Failure {
  const reason = OF_A_READ.has(error.reason) ? error.reason : 'unknown';
  return cloudFailure(new CloudError(reason, error.message, { cause: error }), machine, 'get');
}

/** Returns the failure that the caller receives. */
export function cloudFailure(error: CloudError, machine: NoRoom, verb: RefusedVerb): Failure {
  if (error.reason === 'zone_exhausted') {
    const text = stockoutText(error.stockout ?? machine, verb);
    return new Failure('zone_exhausted', text, { retryAfterSeconds: 60, cause: error });
  }
  const { message } = cloudReason(error.reason, verb);
  if (error.reason === 'rate_limited') {
    return new Failure('unavailable', message, {
      reason: REASON.rate_limited.reason,
      retryAfterSeconds: 30,
      cause: error,
    });
  }
  return new Failure('cloud_failed', message, { reason: REASON[error.reason].reason, cause: error });
}
