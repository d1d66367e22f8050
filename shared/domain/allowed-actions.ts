import {
  type ActedOn,
  type AskedAction,
  INSTANCE_ACTIONS,
  type InstanceAction,
  refusalOf,
  type Strictness,
} from './power.ts';

/** Restart and reset are one thing for users: a restart of theirs is a hard reset. Administrators' stops and starts. */
const SELF_SERVICE: Readonly<Partial<Record<InstanceAction, AskedAction['kind']>>> = { restart: 'reset' };

/** What an action of a caller amounts to. */
export function askedAction(action: InstanceAction, strictness: Strictness): AskedAction {
  const kind = (strictness === 'lenient' ? SELF_SERVICE[action] : undefined) ?? action;
  return { kind, verb: action, strictness };
}

export interface AllowedActions {
  readonly allowed: readonly InstanceAction[];
  /** Why each of the others would be refused: the reason of that answer. */
  readonly blocked: Readonly<Partial<Record<InstanceAction, string>>>;
}

/** What a suspended customer may still do: end what costs money. */
const WHILE_SUSPENDED: ReadonlySet<InstanceAction> = new Set<InstanceAction>(['stop', 'delete']);

/**
 * What can be asked of an instance now, by users (`lenient`) or by administrators (`strict`). `suspended`: the caller's
 * customer is.
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
