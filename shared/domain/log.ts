/** Structured log: a constant message and fields. Never a body, never a credential. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** For what must not wait until a person happens to look: it has an alert of its own. */
  critical(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
