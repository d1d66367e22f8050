export const FAULT_SERVICES = ['compute', 'datastore', 'pubsub'] as const;
export type FaultService = (typeof FAULT_SERVICES)[number];

/**
 * The kinds of faults:
 *
 * - `error`: the call is refused and not executed.
 * - `falseError`: the call is executed, but answered with an error.
 * - `lostAnswer`: the call is executed, but its response does not reach the caller.
 * - `late`: the caller gets an error at once, and the call is executed after that; a push is delivered later instead,
 *   so that others overtake it.
 * - `delay`: the call is executed, and its response is held back.
 * - `stockout`: the call is accepted, and its operation fails because the zone has no capacity.
 * - `operationError`: the call is accepted, and its operation fails with the fault's `code`.
 * - `absent`: existing VMs are not found: 404, or a list without VMs.
 * - `duplicate`: a push is delivered twice. `reorder`: a push is delivered after a later one.
 * - `contention`: ABORTED, and nothing is applied.
 * - `indexBuilding`: FAILED_PRECONDITION for queries that need a composite index, as if it were still being built.
 */
export const FAULT_KINDS = [
  'error',
  'falseError',
  'lostAnswer',
  'late',
  'delay',
  'stockout',
  'operationError',
  'absent',
  'duplicate',
  'reorder',
  'contention',
  'indexBuilding',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Faults of calls that open an operation. */
const OPERATION_FAULTS = ['error', 'falseError', 'lostAnswer', 'delay', 'operationError'] as const;
const ROOM_FAULTS = [...OPERATION_FAULTS, 'stockout'] as const;
/** Faults of calls that name a VM. */
const VM_FAULTS = [...OPERATION_FAULTS, 'absent'] as const;
const LOOK_FAULTS = ['error', 'lostAnswer', 'delay', 'absent'] as const;

/**
 * The methods into which faults can be injected, by their names in the API, with the kinds that each method supports.
 * `push` is a delivery of Pub/Sub to an endpoint.
 */
export const FAULT_METHODS: Readonly<Record<FaultService, Readonly<Record<string, readonly FaultKind[]>>>> = {
  compute: {
    'instances.insert': ROOM_FAULTS,
    'instances.start': [...ROOM_FAULTS, 'absent'],
    'instances.stop': VM_FAULTS,
    'instances.reset': VM_FAULTS,
    'instances.suspend': VM_FAULTS,
    'instances.resume': [...ROOM_FAULTS, 'absent'],
    'instances.delete': VM_FAULTS,
    'instances.setLabels': VM_FAULTS,
    'instances.setMetadata': VM_FAULTS,
    'instances.setTags': VM_FAULTS,
    'instances.setMachineType': VM_FAULTS,
    'instances.setDeletionProtection': VM_FAULTS,
    'instances.attachDisk': VM_FAULTS,
    'instances.detachDisk': VM_FAULTS,
    'disks.insert': OPERATION_FAULTS,
    'disks.resize': OPERATION_FAULTS,
    'disks.setLabels': OPERATION_FAULTS,
    'disks.delete': OPERATION_FAULTS,
    'disks.get': LOOK_FAULTS,
    'disks.list': LOOK_FAULTS,
    'disks.aggregatedList': LOOK_FAULTS,
    'instances.get': LOOK_FAULTS,
    'instances.getSerialPortOutput': LOOK_FAULTS,
    'instances.list': LOOK_FAULTS,
    'instances.aggregatedList': LOOK_FAULTS,
    'zoneOperations.get': ['error', 'lostAnswer', 'delay'],
    'zoneOperations.wait': ['error', 'lostAnswer', 'delay'],
  },
  datastore: {
    lookup: ['error', 'lostAnswer', 'delay'],
    runQuery: ['error', 'lostAnswer', 'delay', 'indexBuilding'],
    runAggregationQuery: ['error', 'lostAnswer', 'delay', 'indexBuilding'],
    beginTransaction: ['error', 'lostAnswer', 'delay'],
    commit: ['error', 'lostAnswer', 'late', 'delay', 'contention'],
    rollback: ['error', 'lostAnswer', 'delay'],
    allocateIds: ['error', 'lostAnswer', 'delay'],
    reserveIds: ['error', 'lostAnswer', 'delay'],
  },
  pubsub: {
    publish: ['error', 'lostAnswer', 'delay'],
    push: ['error', 'lostAnswer', 'late', 'delay', 'duplicate', 'reorder'],
    pull: ['error', 'lostAnswer', 'delay'],
    streamingPull: ['error', 'delay'],
    acknowledge: ['error', 'lostAnswer', 'delay'],
  },
};

/** One entry of the body of `POST /faults`. */
export interface Fault {
  readonly service: FaultService;
  readonly method: string;
  readonly kind: FaultKind;
  /** The number of calls that the fault affects. */
  readonly count: number;
  /** Compute: HTTP status, default 503. Datastore and Pub/Sub: gRPC status code, default 14 (UNAVAILABLE). */
  readonly status?: number;
  /**
   * `operationError`: the error code of the operation; default INTERNAL_ERROR. `error` of Compute: the reason of the
   * refusal (`errors[0].reason`); default: the usual one of the status.
   */
  readonly code?: string;
  /** `operationError`: the operation's `httpErrorStatusCode`; default: the usual one of the code. */
  readonly httpStatus?: number;
  /** `delay`: for how long the response is held back. `late`: after which time the call is executed. */
  readonly delayMs?: number;
  /** `push`: the subscription whose deliveries are affected; default: every subscription. */
  readonly target?: string;
}

/** The injected faults. An emulator calls `take` for each call and applies the fault that is returned. */
export class Faults {
  readonly #entries: { readonly fault: Fault; left: number }[] = [];

  add(faults: readonly Fault[]): void {
    for (const fault of faults) this.#entries.push({ fault, left: fault.count });
  }

  /**
   * Returns the oldest fault for this method and uses it up once. `kinds` restricts it to kinds that apply to this
   * call; faults with another `target` are skipped.
   */
  take(
    service: FaultService,
    method: string,
    kinds: readonly FaultKind[] = FAULT_KINDS,
    target?: string,
  ): Fault | undefined {
    const entry = this.#entries.find(
      ({ fault, left }) =>
        left > 0 &&
        fault.service === service &&
        fault.method === method &&
        kinds.includes(fault.kind) &&
        (fault.target === undefined || fault.target === target),
    );
    if (entry === undefined) return undefined;
    entry.left -= 1;
    return entry.fault;
  }

  list(): readonly (Fault & { readonly left: number })[] {
    return this.#entries.filter(({ left }) => left > 0).map(({ fault, left }) => ({ ...fault, left }));
  }

  clear(): void {
    this.#entries.length = 0;
  }
}
