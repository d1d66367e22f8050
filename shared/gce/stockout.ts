/** Details that Compute Engine adds to the error code when a zone has no capacity for a machine type. */
export interface Stockout {
  readonly zone: string;
  /** Bare machine type. */
  readonly machineType: string;
  /** Zones that had capacity at that time; empty if none had. */
  readonly zonesAvailable: readonly string[];
}

/** The used part of an error detail (google.rpc.ErrorInfo). */
interface ErrorDetail {
  readonly errorInfo?: {
    readonly reason?: string | null;
    readonly metadatas?: Readonly<Record<string, string>> | null;
  } | null;
}

const ZONE = /[a-z]+(?:-[a-z]+)+\d+-[a-z][a-z0-9]*/g;

/**
 * Extracts the stockout from an error's details, which were introduced with ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS
 * in 2024; `undefined` for other details. The separator of several zones is not documented, so every word in the format
 * of a zone is used.
 */
export function stockoutOf(details: readonly ErrorDetail[] | null | undefined): Stockout | undefined {
  for (const { errorInfo } of details ?? []) {
    const { zone, vmType, zonesAvailable } = errorInfo?.metadatas ?? {};
    if (errorInfo?.reason !== 'resource_availability' || zone === undefined) continue;
    return { zone, machineType: vmType ?? '', zonesAvailable: zonesAvailable?.match(ZONE) ?? [] };
  }
  return undefined;
}
