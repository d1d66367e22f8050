import type { Cancel, Clock } from '../clock.ts';
import { AddressPool } from './address-pool.ts';
import { auditEntry } from './audit-entry.ts';
import type { AuditEntry } from './audit-entry.ts';
import { buildMachine, readLabels, readMachineName } from './build-machine.ts';
import type { Place } from './build-machine.ts';
import { readText } from './body-members.ts';
import { ComputeError, alreadyExists, notReady } from './compute-error.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { InstanceStatus, Machine } from './instance-resource.ts';
import type { Journal, PlannedStep } from './journal.ts';
import type { JsonObject } from './json-object.ts';
import { endedOperation, newNumericId, newOperation, startedOperation, stockout } from './operation-resource.ts';
import type { Operation } from './operation-resource.ts';
import { pacificTime } from './pacific-time.ts';
import { instanceName } from './resource-names.ts';

export type Action = 'start' | 'stop' | 'reset' | 'suspend' | 'resume' | 'delete';

/** On whose behalf, and how, something is done to a VM. */
export interface Order {
  readonly requestId?: string | undefined;
  readonly principal: string;
  /** The console uses the beta API, and the audit log says so. */
  readonly api: 'v1' | 'beta';
  /** The zone has no room for this one. */
  readonly stockout?: boolean;
}

/**
 * What an action does in a state: `go` moves the VM, `settled` is accepted and changes nothing. Where nothing is
 * written, Compute Engine answers resourceNotReady.
 */
const MOVES: Readonly<Record<Action, Readonly<Partial<Record<InstanceStatus, 'go' | 'settled'>>>>> = {
  start: { TERMINATED: 'go', PROVISIONING: 'settled', STAGING: 'settled', RUNNING: 'settled' },
  stop: {
    PROVISIONING: 'go',
    STAGING: 'go',
    RUNNING: 'go',
    SUSPENDED: 'go',
    STOPPING: 'settled',
    TERMINATED: 'settled',
  },
  reset: { RUNNING: 'go' },
  suspend: { RUNNING: 'go' },
  resume: { SUSPENDED: 'go' },
  delete: {
    PROVISIONING: 'go',
    STAGING: 'go',
    RUNNING: 'go',
    STOPPING: 'go',
    TERMINATED: 'go',
    SUSPENDING: 'go',
    SUSPENDED: 'go',
  },
};

/** Whether the action would ask the zone for room, and so can meet a stockout. */
export function needsRoom(action: Action, machine: Machine): boolean {
  return (action === 'start' || action === 'resume') && MOVES[action][machine.resource.status] === 'go';
}

/** How long an operation stays PENDING. */
const PENDING_MS = 50;
/** How long an operation takes that moves nothing. */
const QUICK_MS = 300;
/** Which part of a boot is PROVISIONING; the rest is STAGING. */
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
 * What VMs do, on the clock. Whatever will happen by itself is written down as steps together with what causes them, so
 * that a process that was killed goes on where it was; due steps are applied before anybody looks, at the time at which
 * they were due, so that a clock that jumps and a process that was away make no difference to the history.
 */
export class Lifecycle {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #options: LifecycleOptions;
  readonly #addresses: AddressPool;
  #afterCommit: (() => void)[] = [];
  #alarm: { readonly atMs: number; readonly cancel: Cancel } | undefined;

  constructor(options: LifecycleOptions) {
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#options = options;
    this.#addresses = new AddressPool(options.journal);
  }

  /** Applies what is due, then all of `work` or nothing of it. Nobody is told before it is on disk. */
  transact<T>(work: (nowMs: number) => T): T {
    this.settle();
    const result = this.#commit(() => work(this.#clock.nowMs()));
    this.#setAlarm();
    return result;
  }

  /** Applies the steps that are due by now. */
  settle(): void {
    const nowMs = this.#clock.nowMs();
    const first = this.#journal.nextStep();
    if (first !== undefined && first.atMs <= nowMs) {
      this.#commit(() => {
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

  insert(place: Place, body: JsonObject, order: Order, nowMs: number): Operation {
    const name = readMachineName(body);
    if (this.#journal.machine(place.project, place.zone, name) !== undefined) {
      throw alreadyExists(instanceName(place.project, place.zone, name));
    }
    const built = buildMachine(place, body, newNumericId(), nowMs);
    // A VM that will find no room is on its way out from the start: nothing else may be asked of it.
    const machine = { ...built, deleting: order.stockout === true };
    this.#journal.putMachine(machine);
    this.#noteStatus(machine, nowMs);
    const operation = this.#open('insert', machine, order, nowMs);
    const { bootMs } = this.#options;
    if (order.stockout === true) {
      this.#journal.planStep(nowMs + bootMs * PROVISIONING_PART, machine.id, { kind: 'gone' });
      this.#failForRoom(operation, nowMs);
    } else {
      this.#planBoot(machine, operation, nowMs);
    }
    return operation;
  }

  /** Throws resourceNotReady where Compute Engine would. */
  act(action: Action, machine: Machine, order: Order, nowMs: number): Operation {
    const move = machine.deleting ? undefined : MOVES[action][machine.resource.status];
    if (move === undefined) throw notReady(instanceName(machine.project, machine.zone, machine.name));
    const operation = this.#open(action, machine, order, nowMs);
    if (move === 'settled') {
      this.#planEnd(operation, this.#restMs(machine, nowMs));
    } else if (order.stockout === true) {
      this.#failForRoom(operation, nowMs);
    } else {
      this.#move(action, machine, operation, nowMs);
    }
    return operation;
  }

  /** Throws conditionNotMet when the labels are not those that the caller has seen. */
  setLabels(machine: Machine, body: JsonObject, order: Order, nowMs: number): Operation {
    if (machine.deleting) throw notReady(instanceName(machine.project, machine.zone, machine.name));
    const labels = readLabels(body, 'resource');
    if (readText(body, 'labelFingerprint', 'resource') !== machine.resource.labelFingerprint) {
      throw new ComputeError(
        412,
        'conditionNotMet',
        'Labels fingerprint either invalid or resource labels have changed',
        'If-Match',
      );
    }
    const operation = this.#open('setLabels', machine, order, nowMs);
    this.#journal.putMachine({
      ...machine,
      resource: { ...machine.resource, labels, labelFingerprint: fingerprintOf(labels) },
    });
    this.#planEnd(operation, nowMs + QUICK_MS);
    return operation;
  }

  /** The cloud takes a VM's host away, as it does to Spot VMs. Nobody asked, so there is one system event. */
  preempt(machine: Machine, nowMs: number): Operation {
    const { status } = machine.resource;
    if (machine.deleting || !(status === 'RUNNING' || status === 'STAGING' || status === 'PROVISIONING')) {
      throw notReady(instanceName(machine.project, machine.zone, machine.name));
    }
    const auditMethod = 'compute.instances.preempted';
    const opened = newOperation(
      {
        method: 'preempted',
        operationType: auditMethod,
        auditMethod,
        principal: SYSTEM,
        requestId: undefined,
        machine,
      },
      nowMs,
    );
    const statusMessage = 'Instance was preempted.';
    const operation = endedOperation({ ...opened, resource: { ...opened.resource, statusMessage } }, nowMs);
    this.#journal.putOperation(operation);
    this.#tell(operation, { first: true, last: true }, nowMs);
    this.#interrupt(machine);
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
        this.#interrupt(machine);
        this.#setStatus(machine, 'STOPPING', nowMs);
        this.#journal.planStep(stoppedMs, machine.id, { kind: 'status', status: 'TERMINATED' });
        this.#planEnd(operation, stoppedMs);
        return;
      case 'suspend':
        this.#setStatus(machine, 'SUSPENDING', nowMs);
        this.#journal.planStep(stoppedMs, machine.id, { kind: 'status', status: 'SUSPENDED' });
        this.#planEnd(operation, stoppedMs);
        return;
      case 'delete':
        this.#interrupt(machine);
        this.#setStatus({ ...machine, deleting: true }, 'STOPPING', nowMs);
        this.#journal.planStep(stoppedMs, machine.id, { kind: 'gone' });
        this.#planEnd(operation, stoppedMs);
        return;
      case 'reset':
        this.#planEnd(operation, nowMs + QUICK_MS);
        return;
    }
  }

  #open(method: string, machine: Machine, order: Order, nowMs: number): Operation {
    const operation = newOperation(
      {
        method,
        operationType: method,
        auditMethod: `${order.api}.compute.instances.${method}`,
        principal: order.principal,
        requestId: order.requestId,
        machine,
      },
      nowMs,
    );
    this.#journal.putOperation(operation);
    this.#tell(operation, { first: true }, nowMs);
    return operation;
  }

  #planBoot(machine: Machine, operation: Operation, nowMs: number): void {
    const { bootMs } = this.#options;
    const stagingMs = nowMs + bootMs * PROVISIONING_PART;
    this.#journal.planStep(stagingMs, machine.id, { kind: 'status', status: 'STAGING' });
    this.#journal.planStep(nowMs + bootMs, machine.id, { kind: 'status', status: 'RUNNING' });
    this.#planEnd(operation, nowMs + bootMs);
  }

  #planEnd(operation: Operation, endMs: number): void {
    const { name, insertMs, machine } = operation;
    const startMs = Math.min(insertMs + PENDING_MS, endMs);
    this.#journal.planStep(startMs, machine.id, { kind: 'operationStarts', operation: name });
    this.#journal.planStep(endMs, machine.id, { kind: 'operationEnds', operation: name });
  }

  #failForRoom(operation: Operation, nowMs: number): void {
    const { name, machine, zone, project } = operation;
    const endMs = nowMs + this.#options.bootMs * PROVISIONING_PART;
    const startMs = Math.min(nowMs + PENDING_MS, endMs);
    const failure = stockout(zone, project);
    this.#journal.planStep(startMs, machine.id, { kind: 'operationStarts', operation: name });
    this.#journal.planStep(endMs, machine.id, { kind: 'operationEnds', operation: name, failure });
  }

  /** When a VM that is moving has arrived; soon for one that is at rest. */
  #restMs(machine: Machine, nowMs: number): number {
    const moves = this.#journal.stepsOf(machine.id).filter(({ step }) => step.kind === 'status');
    return Math.max(nowMs + QUICK_MS, ...moves.map(({ atMs }) => atMs));
  }

  /** Forgets where a VM was going; the operations that sent it there still end at their time. */
  #interrupt(machine: Machine): void {
    for (const { seq, step } of this.#journal.stepsOf(machine.id)) {
      if (step.kind === 'status' || step.kind === 'gone') this.#journal.removeStep(seq);
    }
  }

  #apply({ atMs, machineId, step }: PlannedStep): void {
    if (step.kind === 'status' || step.kind === 'gone') {
      const machine = this.#journal.machineById(machineId);
      if (machine === undefined) return;
      if (step.kind === 'status') this.#setStatus(machine, step.status, atMs);
      else this.#remove(machine, atMs);
      return;
    }
    const operation = this.#journal.operation(step.operation);
    if (operation === undefined) return;
    if (step.kind === 'operationStarts') {
      this.#journal.putOperation(startedOperation(operation, atMs));
      return;
    }
    this.#journal.putOperation(endedOperation(operation, atMs, step.failure));
    this.#tell(operation, { last: true, failure: step.failure }, atMs);
    this.#afterCommit.push(() => this.#options.onOperationEnd(operation.name));
  }

  #setStatus(machine: Machine, status: InstanceStatus, atMs: number): void {
    const time = pacificTime(atMs);
    let { resource } = machine;
    let { networkInterfaces } = resource;
    switch (status) {
      case 'STAGING':
        networkInterfaces = networkInterfaces.map((item) => this.#addresses.assign(item, machine.zone, machine.id));
        resource = { ...resource, lastStartTimestamp: time };
        break;
      case 'TERMINATED':
        networkInterfaces = networkInterfaces.map((item) => this.#addresses.release(item, machine.staticNatIps));
        resource = { ...resource, lastStopTimestamp: time };
        break;
      case 'SUSPENDED':
        networkInterfaces = networkInterfaces.map((item) => this.#addresses.release(item, machine.staticNatIps));
        resource = { ...resource, lastSuspendedTimestamp: time };
        break;
      case 'PROVISIONING':
      case 'RUNNING':
      case 'STOPPING':
      case 'SUSPENDING':
        break;
    }
    const cpuPlatform = status === 'TERMINATED' || status === 'SUSPENDED' ? NO_HOST : machine.cpuPlatform;
    const moved = { ...machine, resource: { ...resource, status, networkInterfaces, cpuPlatform } };
    this.#journal.putMachine(moved);
    // A delete of a VM that is stopping already changes what it is for, not what it shows.
    if (machine.resource.status !== status) this.#noteStatus(moved, atMs);
  }

  #remove(machine: Machine, atMs: number): void {
    this.#journal.removeMachine(machine.id);
    this.#journal.releaseAddresses(machine.id);
    this.#journal.addStatusChange({ instance: machine.name, status: 'DELETED', time: new Date(atMs).toISOString() });
  }

  #noteStatus(machine: Machine, atMs: number): void {
    const { name, resource } = machine;
    this.#journal.addStatusChange({ instance: name, status: resource.status, time: new Date(atMs).toISOString() });
  }

  #tell(operation: Operation, moment: Parameters<typeof auditEntry>[1], atMs: number): void {
    const entry = auditEntry(operation, moment, atMs);
    this.#afterCommit.push(() => this.#options.onAudit(entry));
  }

  #commit<T>(work: () => T): T {
    this.#afterCommit = [];
    try {
      const result = this.#journal.transact(work);
      const tasks = this.#afterCommit;
      this.#afterCommit = [];
      for (const task of tasks) task();
      return result;
    } catch (thrown) {
      this.#afterCommit = [];
      throw thrown;
    }
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
