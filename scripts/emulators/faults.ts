export const FAULT_SERVICES = ['compute', 'datastore', 'pubsub'] as const;
export type FaultService = (typeof FAULT_SERVICES)[number];

/**
 * `falseError`: carried out, and answered as if it had not been. `late`: the caller hears at once that there was no answer,
 * and it is carried out after that; of a push: the message comes so much later, and others before it. `operationError`:
 * accepted, and its operation ends with the fault's `code`. `absent`: answered as if there were no such VM, though there is
 * one: 404, or a list without VMs. `contention`: ABORTED, and nothing applied. `indexBuilding`: FAILED_PRECONDITION for the
 * next queries that need a composite index, as if it were still being built.
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

/** What a call can meet that opens an operation, and one that asks the zone for room besides. */
const OPERATION_FAULTS = ['error', 'falseError', 'lostAnswer', 'delay', 'operationError'] as const;
const ROOM_FAULTS = [...OPERATION_FAULTS, 'stockout'] as const;
/** What a call can meet that names a VM. */
const VM_FAULTS = [...OPERATION_FAULTS, 'absent'] as const;
const LOOK_FAULTS = ['error', 'lostAnswer', 'delay', 'absent'] as const;

/**
 * The methods that can be hurt, by their names on the wire, with the kinds that make sense for each. `push` is a delivery
 * of Pub/Sub to an endpoint.
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

/** One entry of `POST /faults`. */
export interface Fault {
  readonly service: FaultService;
  readonly method: string;
  readonly kind: FaultKind;
  /** How many calls it hurts. */
  readonly count: number;
  /** Compute: HTTP status, default 503. Datastore and Pub/Sub: gRPC status code, default 14 (UNAVAILABLE). */
  readonly status?: number;
  /** `operationError`: the code in the DONE operation; default INTERNAL_ERROR. */
  readonly code?: string;
  /** `operationError`: `httpErrorStatusCode` beside the code; default what the code is known to come with. */
  readonly httpStatus?: number;
  /** `delay`: how long the answer is held. `late`: after which time it is carried out. */
  readonly delayMs?: number;
  /** `push`: the subscription whose deliveries it hurts; absent: all of them. */
  readonly target?: string;
}

/** The faults in force. An emulator asks `take` at each call; an answer means: hurt this call in that way. */
export class Faults {
  readonly #entries: { readonly fault: Fault; left: number }[] = [];

  add(faults: readonly Fault[]): void {
    for (const fault of faults) this.#entries.push({ fault, left: fault.count });
  }

  /**
   * The oldest fault in force for this method, spent once. `kinds` narrows it to what the caller can act on now, `target` to
   * what does not aim at another.
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
