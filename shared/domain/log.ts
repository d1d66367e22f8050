/** Structured log: a constant message and fields, without bodies and credentials. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** For events that need an operator's attention at once; it triggers an alert. */
  critical(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
