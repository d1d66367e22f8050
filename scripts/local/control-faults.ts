import { FAULT_METHODS, FAULT_SERVICES } from '#scripts/emulators/faults.ts';
import type { Fault, FaultKind, FaultService } from '#scripts/emulators/faults.ts';
import { ControlError, readInteger, readMembers, show } from './control-values.ts';

const COUNT_MAX = 1_000_000;
const DELAY_MS_MAX = 600_000;
/** Default of a `delay` fault. */
const DELAY_MS_DEFAULT = 1000;
/** Error codes of operations consist of capitals, digits and underscores. */
const CODE = /^[A-Z][A-Z0-9_]{1,99}$/;
/** Reasons of refusals have two spellings: `quotaExceeded`, `ZONE_RESOURCE_POOL_EXHAUSTED`. */
const WORD = /^[A-Za-z_]{1,64}$/;
const MEMBERS = ['service', 'method', 'kind', 'count', 'status', 'delayMs', 'code', 'httpStatus', 'target'];

/** Parses the body of `POST /faults`. Throws a ControlError that says what would be valid. */
export function readFaults(body: unknown): readonly Fault[] {
  if (!Array.isArray(body)) {
    throw new ControlError(
      400,
      'The body must be an array of {service, method, kind, count, status?, delayMs?, code?, httpStatus?, target?}.',
    );
  }
  return body.map((item: unknown, index) => readFault(item, `Fault ${index}`));
}

function readFault(item: unknown, where: string): Fault {
  const members = readMembers(item, where, MEMBERS);
  const service = FAULT_SERVICES.find((candidate) => candidate === members['service']);
  if (service === undefined) {
    throw new ControlError(
      400,
      `${where}: service must be one of: ${FAULT_SERVICES.join(', ')}. It is: ${show(members['service'])}.`,
    );
  }
  const { method } = members;
  const methods = FAULT_METHODS[service];
  const kinds = typeof method === 'string' && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (typeof method !== 'string' || kinds === undefined) {
    throw new ControlError(
      400,
      `${where}: method must be one of ${service}'s: ${Object.keys(methods).join(', ')}. It is: ${show(method)}.`,
    );
  }
  const kind = kinds.find((candidate) => candidate === members['kind']);
  if (kind === undefined) {
    throw new ControlError(
      400,
      `${where}: kind must be one of those of ${method}: ${kinds.join(', ')}. It is: ${show(members['kind'])}.`,
    );
  }
  const count = readInteger(members['count'], `${where}: count`, 1, COUNT_MAX);
  const [statusMin, statusMax] = service === 'compute' ? [400, 599] : [1, 16];
  const status =
    members['status'] === undefined
      ? undefined
      : readInteger(members['status'], `${where}: status`, statusMin, statusMax);
  const delayMs =
    members['delayMs'] === undefined
      ? undefined
      : readInteger(members['delayMs'], `${where}: delayMs`, 0, DELAY_MS_MAX);
  const delay = kind === 'delay' ? (delayMs ?? DELAY_MS_DEFAULT) : delayMs;
  const { code, httpStatus } = readCode(members, { service, kind, where });
  const { target } = members;
  if (target !== undefined && (typeof target !== 'string' || method !== 'push')) {
    throw new ControlError(400, `${where}: target is the name of a subscription, for push. It is: ${show(target)}.`);
  }
  return {
    service,
    method,
    kind,
    count,
    ...(status === undefined ? {} : { status }),
    ...(delay === undefined ? {} : { delayMs: delay }),
    ...(target === undefined ? {} : { target }),
    ...(code === undefined ? {} : { code }),
    ...(httpStatus === undefined ? {} : { httpStatus }),
  };
}

/**
 * Reads the code of an `operationError` fault, or the reason of an `error` fault of Compute Engine. Any text of the
 * right form is allowed, because the real service has codes that no list contains.
 */
function readCode(
  members: Readonly<Record<string, unknown>>,
  { service, kind, where }: { readonly service: FaultService; readonly kind: FaultKind; readonly where: string },
) {
  const { code } = members;
  if (kind !== 'operationError') {
    const isRefusal = service === 'compute' && kind === 'error';
    const given = (isRefusal ? ['httpStatus'] : ['code', 'httpStatus']).filter((name) => members[name] !== undefined);
    if (given.length > 0)
      throw new ControlError(400, `${where}: ${given.join(' and ')} belong to the kind operationError.`);
    if (code === undefined) return {};
    if (typeof code === 'string' && WORD.test(code)) return { code };
    throw new ControlError(400, `${where}: code must be a word such as quotaExceeded. It is: ${show(code)}.`);
  }
  if (typeof code !== 'string' || !CODE.test(code)) {
    throw new ControlError(400, `${where}: code must be a code such as QUOTA_EXCEEDED. It is: ${show(code)}.`);
  }
  const { httpStatus } = members;
  return httpStatus === undefined
    ? { code }
    : { code, httpStatus: readInteger(httpStatus, `${where}: httpStatus`, 400, 599) };
}
