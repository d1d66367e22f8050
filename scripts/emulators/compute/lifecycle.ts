import type { Cancel, Clock } from '../clock.ts';
import { AddressPool } from './address-pool.ts';
import type { AuditEntry } from './audit-entry.ts';
import { buildMachine, readMachineName } from './build-machine.ts';
import type { Place } from './build-machine.ts';
import { alreadyExists, notReady } from './compute-error.ts';
import { Disks } from './disks.ts';
import type { InstanceStatus, Machine } from './instance-resource.ts';
import type { Journal, PlannedStep } from './journal.ts';
import type { JsonObject } from './json-object.ts';
import { forgetMoves, moveOf, restMs } from './moves.ts';
import type { Action } from './moves.ts';
import { Networks } from './networks.ts';
import { OperationBook, QUICK_MS } from './operation-book.ts';
import type { Order } from './operation-book.ts';
import { operationFailure } from './operation-failures.ts';
import { endedOperation, newNumericId, newOperation } from './operation-resource.ts';
import type { Operation } from './operation-resource.ts';
import { pacificTime } from './pacific-time.ts';
import { instanceName } from './resource-names.ts';
import { bootLines, writeSerial } from './serial-output.ts';

/** Share of the boot time in PROVISIONING; the rest is STAGING. */
const PROVISIONING_PART = 0.4;

const NO_HOST = 'Unknown CPU Platform';
const SYSTEM = 'system@google.com';

export interface LifecycleOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly bootMs: number;
  readonly stopMs: number;
  readonly onAudit: (entry: AuditEntry) => void;
  readonly onOperationEnd: (name: string) => void;
}

/**
 * The behaviour of VMs over time. Every future change is stored as a step together with the change that causes it, so a
 * process that was killed continues where it ended. Due steps are applied before any read, with the time at which they
 * were due, so neither a clock that jumps nor a stopped process alters the history.
 */
export class Lifecycle {
  readonly book: OperationBook;
  readonly networks: Networks;
  readonly disks: Disks;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #options: LifecycleOptions;
  readonly #addresses: AddressPool;
  #alarm: { readonly atMs: number; readonly cancel: Cancel } | undefined;

  constructor(options: LifecycleOptions) {
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#options = options;
    this.book = new OperationBook(options);
    this.networks = new Networks(options.journal);
    this.disks = new Disks(options.journal, this.book);
    this.#addresses = new AddressPool(options.journal, this.networks);
  }

  /** Applies due steps, then all of `work` or none of it. Listeners are called once everything is on disk. */
  transact<T>(work: (nowMs: number) => T): T {
    this.settle();
    const result = this.book.commit(() => work(this.#clock.nowMs()));
    this.#setAlarm();
    return result;
  }

  /** Applies the steps that are due. */
  settle(): void {
    const nowMs = this.#clock.nowMs();
    const first = this.#journal.nextStep();
    if (first !== undefined && first.atMs <= nowMs) {
      this.book.commit(() => {
        for (
          let due = this.#journal.nextStep();
          due !== undefined && due.atMs <= nowMs;
          due = this.#journal.nextStep()
        ) {
          this.#journal.removeStep(due.seq);
          this.#apply(due);
        }
      });
    }
    this.#setAlarm();
  }

  /** Sets no further timers. */
  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = undefined;
  }

  insert(place: Place, body: JsonObject, order: Order): Operation {
    const { nowMs } = order;
    const name = readMachineName(body);
    if (this.#journal.machine(place.project, place.zone, name) !== undefined) {
      throw alreadyExists(instanceName(place.project, place.zone, name));
    }
    const context = { id: newNumericId(), nowMs, networks: this.networks, findDisk: this.disks.find };
    const built = buildMachine(place, body, context);
    const {
      machine: { id, resource },
    } = built;
    const internalIps = resource.networkInterfaces.map((item) => this.#addresses.reserve(item, id));
    const failure = order.failure ?? exhausted(internalIps, place, resource.machineType);
    // A VM whose insert will fail counts as being deleted from the start, so that it accepts no other action.
    const deleting = failure !== undefined;
    const machine = { ...built.machine, deleting, internalIps: internalIps.map((ip) => ip ?? '') };
    this.#journal.putMachine(machine);
    this.disks.put(built.disks);
    this.#noteStatus(machine.name, machine.resource.status, nowMs);
    const operation = this.book.open('instances.insert', machine, order);
    if (failure === undefined) {
      this.#planBoot(machine, operation, nowMs);
      return operation;
    }
    const endMs = nowMs + this.#options.bootMs * PROVISIONING_PART;
    this.#journal.planStep(endMs, machine.id, { kind: 'gone' });
    this.book.planEnd(operation, endMs, failure);
    return operation;
  }

  /** Starts a power action or a delete. Throws resourceNotReady where Compute Engine would. */
  act(action: Action, machine: Machine, order: Order): Operation {
    const { nowMs } = order;
    const move = moveOf(action, machine);
    if (move === undefined) throw notReady(instanceName(machine.project, machine.zone, machine.name));
    const operation = this.book.open(`instances.${action}`, machine, order);
    if (order.failure !== undefined) {
      this.book.planEnd(operation, nowMs + this.#options.bootMs * PROVISIONING_PART, order.failure);
    } else if (move === 'settled') {
      this.book.planEnd(operation, restMs(this.#journal, machine, nowMs));
    } else {
      this.#move(action, machine, operation, nowMs);
    }
    return operation;
  }

  /**
   * Takes the VM's host away, as the cloud does with Spot VMs. No caller requested it, so the audit log has one system
   * event.
   */
  preempt(machine: Machine, nowMs: number): Operation {
    const { status } = machine.resource;
    if (machine.deleting || !(status === 'RUNNING' || status === 'STAGING' || status === 'PROVISIONING')) {
      throw notReady(instanceName(machine.project, machine.zone, machine.name));
    }
    const auditMethod = 'compute.instances.preempted';
    const opened = newOperation(
      {
        method: 'instances.preempted',
        operationType: auditMethod,
        auditMethod,
        principal: SYSTEM,
        requestId: undefined,
        target: machine,
      },
      nowMs,
    );
    const statusMessage = 'Instance was preempted.';
    const operation = endedOperation({ ...opened, resource: { ...opened.resource, statusMessage } }, nowMs);
    this.#journal.putOperation(operation);
    this.book.tell(operation, { first: true, last: true }, nowMs);
    forgetMoves(this.#journal, machine);
    const gone = machine.resource.scheduling['instanceTerminationAction'] === 'DELETE';
    this.#setStatus({ ...machine, deleting: gone }, 'STOPPING', nowMs);
    this.#journal.planStep(
      nowMs + this.#options.stopMs,
      machine.id,
      gone ? { kind: 'gone' } : { kind: 'status', status: 'TERMINATED' },
    );
    return operation;
  }

  #move(action: Action, machine: Machine, operation: Operation, nowMs: number): void {
    const stoppedMs = nowMs + this.#options.stopMs;
    switch (action) {
      case 'start':
      case 'resume':
        this.#setStatus(machine, 'PROVISIONING', nowMs);
        this.#planBoot(machine, operation, nowMs);
        return;
      case 'stop':
        forgetMoves(this.#journal, machine);
        this.#setStatus(machine, 'STOPPING', nowMs);
        this.#journal.planStep(stoppedMs, machine.id, { kind: 'status', status: 'TERMINATED' });
        this.book.planEnd(operation, stoppedMs);
        return;
      case 'suspend':
        this.#setStatus(machine, 'SUSPENDING', nowMs);
        this.#journal.planStep(stoppedMs, machine.id, { kind: 'status', status: 'SUSPENDED' });
        this.book.planEnd(operation, stoppedMs);
        return;
      case 'delete':
        forgetMoves(this.#journal, machine);
        this.#setStatus({ ...machine, deleting: true }, 'STOPPING', nowMs);
        this.#journal.planStep(stoppedMs, machine.id, { kind: 'gone' });
        this.book.planEnd(operation, stoppedMs);
        return;
      case 'reset':
        writeSerial(this.#journal, machine, [...bootLines(machine, false), ...bootLines(machine, true)]);
        this.book.planEnd(operation, nowMs + QUICK_MS);
        return;
    }
  }

  #planBoot(machine: Machine, operation: Operation, nowMs: number): void {
    const { bootMs } = this.#options;
    const stagingMs = nowMs + bootMs * PROVISIONING_PART;
    this.#journal.planStep(stagingMs, machine.id, { kind: 'status', status: 'STAGING' });
    this.#journal.planStep(nowMs + bootMs, machine.id, { kind: 'status', status: 'RUNNING' });
    this.book.planEnd(operation, nowMs + bootMs);
  }

  #apply({ atMs, machineId, step }: PlannedStep): void {
    switch (step.kind) {
      case 'operationStarts':
        this.book.start(step.operation, atMs);
        return;
      case 'operationEnds':
        this.book.end(step.operation, step.failure, atMs);
        return;
      case 'status':
      case 'gone': {
        const machine = this.#journal.machineById(machineId);
        if (machine === undefined) return;
        if (step.kind === 'status') this.#setStatus(machine, step.status, atMs);
        else this.#remove(machine, atMs);
      }
    }
  }

  #setStatus(machine: Machine, status: InstanceStatus, atMs: number): void {
    const time = pacificTime(atMs);
    let { resource } = machine;
    let { networkInterfaces } = resource;
    switch (status) {
      case 'STAGING':
        networkInterfaces = networkInterfaces.map((item, index) =>
          this.#addresses.assign(item, machine.internalIps?.[index], machine.id),
        );
        resource = { ...resource, lastStartTimestamp: time };
        writeSerial(this.#journal, machine, bootLines(machine, false));
        break;
      case 'RUNNING':
        writeSerial(this.#journal, machine, bootLines(machine, true));
        break;
      case 'TERMINATED':
      case 'SUSPENDED':
        networkInterfaces = networkInterfaces.map((item) => this.#addresses.release(item, machine.staticNatIps));
        resource = { ...resource, [status === 'TERMINATED' ? 'lastStopTimestamp' : 'lastSuspendedTimestamp']: time };
        break;
      case 'PROVISIONING':
      case 'STOPPING':
      case 'SUSPENDING':
        break;
    }
    const cpuPlatform = status === 'TERMINATED' || status === 'SUSPENDED' ? NO_HOST : machine.cpuPlatform;
    const moved = { ...machine, resource: { ...resource, status, networkInterfaces, cpuPlatform } };
    this.#journal.putMachine(moved);
    // Deleting a VM that is already stopping changes its future, but not the status that it shows.
    if (machine.resource.status !== status) this.#noteStatus(machine.name, status, atMs);
  }

  #remove(machine: Machine, atMs: number): void {
    this.#journal.removeMachine(machine.id);
    this.#journal.releaseAddresses(machine.id);
    this.#journal.removeDocument('serial', machine.id);
    this.disks.leave(machine, atMs);
    this.#noteStatus(machine.name, 'DELETED', atMs);
  }

  #noteStatus(instance: string, status: string, atMs: number): void {
    this.#journal.addStatusChange({ instance, status, time: new Date(atMs).toISOString() });
  }

  #setAlarm(): void {
    const atMs = this.#journal.nextStep()?.atMs;
    if (atMs === this.#alarm?.atMs) return;
    this.stop();
    if (atMs === undefined) return;
    const cancel = this.#clock.at(atMs, () => {
      this.#alarm = undefined;
      this.settle();
    });
    this.#alarm = { atMs, cancel };
  }
}

/**
 * Returns the failure of an insert into a subnetwork without a free address, which occurs after the insert was
 * accepted.
 */
function exhausted(ips: readonly (string | undefined)[], place: Place, machineType: string) {
  if (!ips.includes(undefined)) return undefined;
  const type = machineType.slice(machineType.lastIndexOf('/') + 1);
  return operationFailure('IP_SPACE_EXHAUSTED', { ...place, machineType: type }, { zonesAvailable: '' });
}
