import { apiKeyState } from '#shared/domain/credential-state.ts';
import type { ShownDeadLetter } from '#shared/actions/dead-letters.ts';
import type { MonthlyCost } from '#shared/actions/monthly-cost.ts';
import type { CustomerSheet } from '#shared/actions/show-customer.ts';
import type { Operation } from '#shared/domain/operation.ts';
import type { Suspension } from '#shared/domain/suspension.ts';
import { timestamp } from '../timestamp.ts';
import { presentAdminOperation } from './operation-list.ts';

/** Returns an operation with all details of its execution. */
export function presentOperationDetails(operation: Operation) {
  const { call, leaseUntilMs, dueAtMs } = operation;
  return {
    ...presentAdminOperation(operation),
    actor: operation.actor,
    calls: operation.callCount,
    lastCall:
      call === null ? null : { verb: call.verb, at: timestamp(call.askedAtMs), mayBeApplied: call.mayBeApplied },
    leasedUntil: leaseUntilMs === 0 ? null : timestamp(leaseUntilMs),
    dueAt: dueAtMs === 0 ? null : timestamp(dueAtMs),
  };
}

export function presentDeadLetter({ id, letter, operation }: ShownDeadLetter) {
  return {
    id,
    at: timestamp(letter.recordedAtMs),
    operationId: letter.operationId === '' ? null : letter.operationId,
    instanceId: letter.instanceId === '' ? null : letter.instanceId,
    data: letter.data,
    operation: operation === undefined ? null : presentOperationDetails(operation),
  };
}

export function presentSuspension({ reason, sinceMs, by }: Suspension) {
  return { reason, since: timestamp(sinceMs), by };
}

export function presentCustomer(sheet: CustomerSheet, cost: MonthlyCost, nowMs: number) {
  const { customer, tier, suspension } = sheet;
  return {
    id: customer.id,
    name: customer.name,
    tier: customer.tier,
    suspension: suspension === undefined ? null : presentSuspension(suspension),
    quota: { used: sheet.used, limit: tier?.maxInstances ?? null },
    instances: sheet.instances,
    centsPerHour: sheet.centsPerHour,
    monthCents: cost.cents,
    requestsThisMinute: sheet.tokens.used,
    users: sheet.users,
    keys: sheet.keys.map((key) => ({
      id: key.id,
      userId: key.userId,
      name: key.name,
      state: apiKeyState(key, nowMs),
      lastUsedAt: key.lastUsedAtMs === null ? null : timestamp(key.lastUsedAtMs),
    })),
    complete: sheet.complete && cost.complete,
  };
}
