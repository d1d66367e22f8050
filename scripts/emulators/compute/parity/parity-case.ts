import type { JsonObject } from '../json-object.ts';

/**
 * A request to Compute Engine with the expected reply. The same cases are sent to the emulator and to a real project.
 */
export interface ParityCase {
  /** The row of the list of refusals that the case tests: C1, C2, … */
  readonly row: string;
  readonly title: string;
  /** Source of the expected reply: an issue or the documentation. */
  readonly source: string;
  readonly call: ParityCall;
  readonly expected: Expected;
  /** What has to exist before the request makes sense. */
  readonly needs?: 'customNetwork' | 'machine';
}

export interface ParityCall {
  readonly verb: 'GET' | 'POST';
  /** The path after `projects/P/`. */
  readonly path: string;
  /** Project in the path, if another one than the project that the cases are sent to. */
  readonly owner?: string;
  readonly body?: JsonObject;
}

export type Expected =
  | { readonly status: 200; readonly has?: JsonObject }
  | {
      readonly status: number;
      /** `error.errors[0].reason`; left out if it is not known. */
      readonly reason?: string;
      readonly message: RegExp;
    };

/** Names that differ between projects. */
export interface ParityPlace {
  readonly zone: string;
  /** A network in auto mode, or one with subnetworks in the zone's region. */
  readonly network: string;
  /** `""` lets Compute Engine choose, which works in auto mode only. */
  readonly subnetwork: string;
  /** A network in custom mode; `""` leaves out the cases that need one. */
  readonly customNetwork: string;
}

export interface ParityAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Returns how a reply differs from the expected one; `undefined` if it does not. */
export function difference({ expected }: ParityCase, { status, body }: ParityAnswer): string | undefined {
  if (status !== expected.status) return `status ${status} instead of ${expected.status}: ${messageOf(body)}`;
  if (!('message' in expected)) {
    const missing = Object.entries(expected.has ?? {}).filter(([member, value]) => memberOf(body, member) !== value);
    return missing.length === 0 ? undefined : `without ${missing.map(([member]) => member).join(', ')}`;
  }
  const reason = memberOf(memberOf(memberOf(memberOf(body, 'error'), 'errors'), '0'), 'reason');
  if (expected.reason !== undefined && reason !== expected.reason) {
    return `reason ${String(reason)} instead of ${expected.reason}: ${messageOf(body)}`;
  }
  return expected.message.test(messageOf(body)) ? undefined : `another message: ${messageOf(body)}`;
}

function messageOf(body: unknown): string {
  const message = memberOf(memberOf(body, 'error'), 'message');
  return typeof message === 'string' ? message : '(no message)';
}

function memberOf(value: unknown, member: string): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, member) as unknown) : undefined;
}
