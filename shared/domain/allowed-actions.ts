import {
  type ActedOn,
  type AskedAction,
  INSTANCE_ACTIONS,
  type InstanceAction,
  refusalOf,
  type Strictness,
} from './power.ts';

/** A user's restart is a hard reset; an administrator's restart is a stop and a start. */
const SELF_SERVICE: Readonly<Partial<Record<InstanceAction, AskedAction['kind']>>> = { restart: 'reset' };

/** Returns the operation for a requested action: the action itself, but a `lenient` restart is carried out as a reset. */
export function askedAction(action: InstanceAction, strictness: Strictness): AskedAction {
  const kind = (strictness === 'lenient' ? SELF_SERVICE[action] : undefined) ?? action;
  return { kind, verb: action, strictness };
}

export interface AllowedActions {
  readonly allowed: readonly InstanceAction[];
  /** For each action that is not allowed: the reason with which it would be refused. */
  readonly blocked: Readonly<Partial<Record<InstanceAction, string>>>;
}

/** Actions that stay allowed while the customer is suspended, because they end costs. */
const WHILE_SUSPENDED: ReadonlySet<InstanceAction> = new Set<InstanceAction>(['stop', 'delete']);

/**
 * Returns which actions an instance allows now to users (`lenient`) or administrators (`strict`). `suspended`: the
 * caller's customer is suspended.
 */
export function allowedActions(instance: ActedOn, strictness: Strictness, suspended = false): AllowedActions {
  const reasons = INSTANCE_ACTIONS.map((action) => {
    const isBarred = suspended && !WHILE_SUSPENDED.has(action);
    return [
      action,
      isBarred ? 'customer_suspended' : refusalOf(askedAction(action, strictness), instance)?.reason,
    ] as const;
  });
  return {
    allowed: reasons.flatMap(([action, reason]) => (reason === undefined ? [action] : [])),
    blocked: Object.fromEntries(
      reasons.flatMap(([action, reason]) => (reason === undefined ? [] : [[action, reason]])),
    ),
  };
}
