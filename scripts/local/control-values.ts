/** An invalid request to the control interface; the message says what would be valid. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function readInteger(value: unknown, what: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new ControlError(400, `${what} must be a whole number from ${min} to ${max}. It is: ${show(value)}.`);
}

export function readMembers(
  value: unknown,
  where: string,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ControlError(400, `${where} must be an object with: ${known.join(', ')}.`);
  }
  const unknown = Object.keys(value).filter((member) => !known.includes(member));
  if (unknown.length > 0) {
    throw new ControlError(
      400,
      `${where} has unknown members: ${unknown.join(', ')}. It may have: ${known.join(', ')}.`,
    );
  }
  return Object.fromEntries(Object.entries(value));
}

export function show(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}
