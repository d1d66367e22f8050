import { LogFile } from '../state/log-file.ts';

const ERROR_SEVERITIES: ReadonlySet<unknown> = new Set(['ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY']);

/** Node's own warnings, such as those about deprecations; they go to the log only. */
const NODE_WARNING = /^\((node:\d+\)|Use `node )/;

/** The line with which the functions' log begins anew: what stands before it is of functions that are gone. */
export const FUNCTIONS_STARTED = 'functions started';

/** Takes what functions write: all of it to `logs/functions.log`, errors in one readable line to the terminal. */
export class FunctionLog {
  readonly #file: LogFile;
  readonly #print: (line: string) => void;

  constructor(stateFolder: string, print: (line: string) => void) {
    this.#print = print;
    this.#file = new LogFile(stateFolder, 'functions.log', print);
  }

  /** Path of the log. */
  get file(): string {
    return this.#file.path;
  }

  write(line: string, stream: 'stdout' | 'stderr'): void {
    this.#file.write(line);
    const shown = errorLine(line, stream);
    if (shown !== undefined) this.#print(shown);
  }

  /** Notes that all functions are started now. */
  begin(nowMs: number): void {
    const time = new Date(nowMs).toISOString();
    this.#file.write(JSON.stringify({ severity: 'INFO', message: FUNCTIONS_STARTED, time }));
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Returns what the terminal shows of a line; `undefined` if the line is no error. */
export function errorLine(line: string, stream: 'stdout' | 'stderr'): string | undefined {
  const entry = parsed(line);
  if (entry === undefined) {
    return stream === 'stderr' && line.trim() !== '' && !NODE_WARNING.test(line) ? `function: ${line}` : undefined;
  }
  if (!ERROR_SEVERITIES.has(entry['severity'])) return undefined;
  const about = [entry['endpoint'], entry['requestId'], entry['errorId']].filter((part) => typeof part === 'string');
  const cause = causeOf(entry['err'] ?? entry['error'] ?? entry['cause']);
  const message = typeof entry['message'] === 'string' ? entry['message'] : line;
  return [`${String(entry['severity'])} ${message}`, cause, about.length > 0 ? `(${about.join(' ')})` : '']
    .filter((part) => part !== '')
    .join(' ');
}

function causeOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (typeof error !== 'object' || error === null || !('message' in error)) return '';
  return String(error.message).split('\n', 1)[0] ?? '';
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
