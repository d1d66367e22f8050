/** What Compute Engine says of a zone that has no room for a machine type, beside the error's code. */
export interface Stockout {
  readonly zone: string;
  /** Bare machine type. */
  readonly machineType: string;
  /** Zones that had room at that time; empty when none had. */
  readonly zonesAvailable: readonly string[];
}

/** The part of an error detail that is read: google.rpc.ErrorInfo. */
interface ErrorDetail {
  readonly errorInfo?: {
    readonly reason?: string | null;
    readonly metadatas?: Readonly<Record<string, string>> | null;
  } | null;
}

const ZONE = /[a-z]+(?:-[a-z]+)+\d+-[a-z][a-z0-9]*/g;

/**
 * The stockout that an error's details tell of, which came with ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS in 2024;
 * `undefined` for other details. How several zones are separated is not documented, so each word in the form of a zone counts.
 */
export function stockoutOf(details: readonly ErrorDetail[] | null | undefined): Stockout | undefined {
  for (const { errorInfo } of details ?? []) {
    const { zone, vmType, zonesAvailable } = errorInfo?.metadatas ?? {};
    if (errorInfo?.reason !== 'resource_availability' || zone === undefined) continue;
    return { zone, machineType: vmType ?? '', zonesAvailable: zonesAvailable?.match(ZONE) ?? [] };
  }
  return undefined;
}
