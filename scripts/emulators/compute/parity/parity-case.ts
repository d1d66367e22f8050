import type { JsonObject } from '../json-object.ts';

/** One question to Compute Engine, and what it answers. The same list is put to the emulator and to a real project. */
export interface ParityCase {
  /** The row of the list of refusals that it proves: C1, C2, … */
  readonly row: string;
  readonly title: string;
  /** Where the answer was seen: an issue, or the documentation. */
  readonly source: string;
  readonly call: ParityCall;
  readonly expected: Expected;
  /** What has to exist, or be asked for, before the question makes sense. */
  readonly needs?: 'customNetwork' | 'machine';
}

export interface ParityCall {
  readonly verb: 'GET' | 'POST';
  /** Behind `projects/P/`. */
  readonly path: string;
  /** `projects/OWNER/` instead of the project that is asked. */
  readonly owner?: string;
  readonly body?: JsonObject;
}

export type Expected =
  | { readonly status: 200; readonly has?: JsonObject }
  | {
      readonly status: number;
      /** `error.errors[0].reason`; left out where it is not known. */
      readonly reason?: string;
      readonly message: RegExp;
    };

/** Names that differ from project to project. */
export interface ParityPlace {
  readonly zone: string;
  /** A network with subnetworks in the zone's region, or in auto mode. */
  readonly network: string;
  /** `""` lets Compute Engine choose, which is right for auto mode only. */
  readonly subnetwork: string;
  /** A network in custom mode; `""` leaves out the cases that need one. */
  readonly customNetwork: string;
}

export interface ParityAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** In which way an answer is not the expected one; nothing when it is. */
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
