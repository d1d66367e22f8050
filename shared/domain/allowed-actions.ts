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

/** What can be asked of an instance now, by users (`lenient`) or by administrators (`strict`). */
export function allowedActions(instance: ActedOn, strictness: Strictness): AllowedActions {
  const refusals = INSTANCE_ACTIONS.map(
    (action) => [action, refusalOf(askedAction(action, strictness), instance)] as const,
  );
  return {
    allowed: refusals.flatMap(([action, refusal]) => (refusal === undefined ? [action] : [])),
    blocked: Object.fromEntries(
      refusals.flatMap(([action, refusal]) => (refusal === undefined ? [] : [[action, refusal.reason]])),
    ),
  };
}
