import type { OperationFailure } from './operation-resource.ts';
import { zoneName } from './resource-names.ts';

/** The VM whose operation fails. */
export interface FailurePlace {
  readonly project: string;
  readonly zone: string;
  /** Name of the VM's machine type. */
  readonly machineType: string;
}

const HTTP_MESSAGES: Readonly<Record<number, string>> = {
  400: 'BAD REQUEST',
  403: 'FORBIDDEN',
  404: 'NOT FOUND',
  409: 'CONFLICT',
  412: 'PRECONDITION FAILED',
  429: 'TOO MANY REQUESTS',
  500: 'INTERNAL ERROR',
  503: 'SERVICE UNAVAILABLE',
};

interface Known {
  readonly httpStatus: number;
  readonly message: (place: FailurePlace) => string;
}

const NO_ROOM = ({ project, zone }: FailurePlace) =>
  `The zone '${zoneName(project, zone)}' does not have enough resources available to fulfill the request.  ` +
  'Try a different zone, or try again later.';

/**
 * Codes with which accepted operations were seen to end. Sources: nodejs-compute#459, python-compute#279, k8s.io#9834,
 * karpenter-provider-gcp#176;
 * https://docs.cloud.google.com/compute/docs/troubleshooting/troubleshooting-resource-availability.
 */
const KNOWN: Readonly<Record<string, Known>> = {
  QUOTA_EXCEEDED: {
    httpStatus: 403,
    message: ({ zone }) => `Quota 'CPUS' exceeded.  Limit: 24.0 in region ${zone.slice(0, zone.lastIndexOf('-'))}.`,
  },
  IP_SPACE_EXHAUSTED: {
    httpStatus: 400,
    message: ({ project, zone }) =>
      `IP space of 'projects/${project}/regions/${zone.slice(0, zone.lastIndexOf('-'))}/subnetworks/default' is exhausted.`,
  },
  IP_SPACE_EXHAUSTED_WITH_DETAILS: {
    httpStatus: 400,
    message: ({ project, zone }) =>
      `IP space of 'projects/${project}/regions/${zone.slice(0, zone.lastIndexOf('-'))}/subnetworks/default' is exhausted.`,
  },
  RESOURCE_OPERATION_RATE_EXCEEDED: {
    httpStatus: 403,
    message: () =>
      'Operation rate exceeded for resource. Too frequent operations from the source resource. Try again later.',
  },
  PREEMPTED: { httpStatus: 400, message: () => 'Instance was preempted.' },
  ZONE_RESOURCE_POOL_EXHAUSTED: { httpStatus: 503, message: NO_ROOM },
  ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: { httpStatus: 503, message: NO_ROOM },
  INTERNAL_ERROR: {
    httpStatus: 500,
    message: () => "Internal error. Please try again or contact Google Support. (Code: '5E2B1A7F4C0D')",
  },
};

/**
 * Returns the failure of an operation with this code. An unknown code gets a text without details, and status 400
 * unless another one is given.
 */
export function operationFailure(
  code: string,
  place: FailurePlace,
  { httpStatus, zonesAvailable }: { readonly httpStatus?: number | undefined; readonly zonesAvailable: string },
): OperationFailure {
  const known = Object.hasOwn(KNOWN, code) ? KNOWN[code] : undefined;
  const status = httpStatus ?? known?.httpStatus ?? 400;
  return {
    code,
    message: known?.message(place) ?? `The operation failed with ${code}.`,
    httpStatus: status,
    httpMessage: HTTP_MESSAGES[status] ?? 'ERROR',
    ...(code === 'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS' ? { details: roomDetails(place, zonesAvailable) } : {}),
  };
}

/**
 * Returns the details of a zone without capacity, as errors contain them since 2024. An empty `zonesAvailable` means
 * that no zone has capacity.
 */
function roomDetails({ zone, machineType }: FailurePlace, zonesAvailable: string): readonly object[] {
  const advice =
    zonesAvailable === ''
      ? 'Alternatively, try your request again at a later time.'
      : `Consider trying your request in the ${zonesAvailable} zone(s), which currently has capacity to accommodate your request.`;
  return [
    {
      localizedMessage: {
        locale: 'en-US',
        message: `A ${machineType} VM instance is currently unavailable in the ${zone} zone. ${advice}`,
      },
    },
    {
      errorInfo: {
        domain: 'compute.googleapis.com',
        reason: 'resource_availability',
        metadatas: { vmType: machineType, attachment: '', zone, zonesAvailable },
      },
    },
  ];
}
