import { pino, type DestinationStream, type Logger } from 'pino';
import type { Log } from '#shared/domain/log.ts';
import type { RequestLine } from '#shared/http/pipeline.ts';
import type { CodeCache } from './code-cache.ts';
import type { Configuration } from './configuration.ts';
import { sourceMappedStack } from './source-mapped-stack.ts';

/** Cloud Logging's severities (LogSeverity), keyed by pino's levels. */
const SEVERITY: Readonly<Record<string, string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

/** Maximum number of chained causes that are logged. */
const CAUSES_MAX = 4;

/** Writes one JSON object per line, in the format that Cloud Logging reads. */
export class JsonLog implements Log {
  readonly #logger: Logger;
  readonly #project: string;
  /** State of the code cache, logged once with the first request; `undefined` afterwards. */
  #codeCache: CodeCache | undefined;

  constructor(
    configuration: Pick<Configuration, 'logLevel' | 'project'> & { readonly codeCache?: CodeCache },
    // Writes through process.stdout, where functions-framework adds the execution id (LOG_EXECUTION_ID). Writes to a
    // pipe are synchronous on Linux, which matters because the function may get no processor time after the response.
    destination: DestinationStream = { write: (line) => void process.stdout.write(line) },
    nowMs: () => number = Date.now,
  ) {
    this.#project = configuration.project;
    this.#codeCache = configuration.codeCache;
    this.#logger = pino(
      {
        level: configuration.logLevel,
        messageKey: 'message',
        base: null,
        timestamp: () => `,"time":"${new Date(nowMs()).toISOString()}"`,
        formatters: { level: (label) => ({ severity: SEVERITY[label] ?? 'DEFAULT' }) },
      },
      destination,
    );
  }

  info(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#logger.info(readable(fields), message);
  }

  warn(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#logger.warn(readable(fields), message);
  }

  error(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#logger.error(readable(fields), message);
  }

  critical(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#logger.fatal(readable(fields), message);
  }

  /**
   * Logs one request; the first one includes the state of the code cache. Internal errors have the severity ERROR.
   * Errors of the caller, and connections that the caller closed, are INFO like successes. So is 501, by which the fleet
   * family refuses what a spot instance cannot do.
   */
  request({ trace, ...line }: RequestLine): void {
    const first = this.#codeCache === undefined ? {} : { codeCache: this.#codeCache };
    this.#codeCache = undefined;
    const fields = { ...line, ...first, ...this.#traceOf(trace) };
    if (line.status >= 500 && line.status !== 501) this.error('request failed', fields);
    else this.info('request served', fields);
  }

  /**
   * Returns the field by which Cloud Logging groups the lines of one request (from `X-Cloud-Trace-Context` or W3C
   * `traceparent`).
   */
  #traceOf(trace: string | undefined): Readonly<Record<string, string>> {
    const id = /^(?:00-)?([0-9a-f]{32})/.exec(trace ?? '')?.[1];
    return id === undefined ? {} : { 'logging.googleapis.com/trace': `projects/${this.#project}/traces/${id}` };
  }
}

function readable(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? describe(value, 1) : value]),
  );
}

function describe(error: Error, depth: number): unknown {
  return {
    name: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    ...('reason' in error ? { reason: error.reason } : {}),
    stack: error.stack === undefined ? undefined : sourceMappedStack(error.stack),
    ...(error instanceof AggregateError && depth < CAUSES_MAX
      ? {
          errors: error.errors
            .slice(0, CAUSES_MAX)
            .map((each: unknown) => (each instanceof Error ? describe(each, depth + 1) : String(each))),
        }
      : {}),
    ...(error.cause instanceof Error && depth < CAUSES_MAX ? { cause: describe(error.cause, depth + 1) } : {}),
  };
}
