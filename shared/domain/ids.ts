/** A source of randomness, passed in so that tests can use predictable values. */
export interface Random {
  /** Lower-case hex of that many random bytes. */
  hex(bytes: number): string;
  /** 0 ≤ x < 1. */
  fraction(): number;
}

/** `tw-550e84-a1b2c3d4`: prefix, first six hex digits of the user id, eight random hex digits. A valid VM name. */
export function instanceId(prefix: string, userId: string, random: Random): string {
  const user = userId
    .toLowerCase()
    .replaceAll(/[^0-9a-f]/g, '')
    .slice(0, 6)
    .padEnd(6, '0');
  return `${prefix}-${user}-${random.hex(4)}`;
}

/** `vol-550e84-a1b2c3d4`, built like an instance's id. A valid disk name. */
export function volumeId(userId: string, random: Random): string {
  return instanceId('vol', userId, random);
}

/** `op-01j8…`: begins with the time, so that ids sort by creation. */
export function operationId(nowMs: number, random: Random): string {
  return `op-${nowMs.toString(36).padStart(9, '0')}${random.hex(6)}`;
}

/** Format of an incoming `x-request-id` that is accepted as the request's id. */
const SANE_REQUEST_ID = /^[A-Za-z0-9._~:+/=-]{8,128}$/;

export function requestId(incoming: string | undefined, random: Random): string {
  return incoming !== undefined && SANE_REQUEST_ID.test(incoming) ? incoming : random.hex(16);
}
