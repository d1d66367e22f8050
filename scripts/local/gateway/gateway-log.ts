import { LogFile } from '../state/log-file.ts';
import type { LogFilter } from '#scripts/emulators/logging/log-filter.ts';
import type { RequestEntry } from './request-entry.ts';

/**
 * Stands in for Cloud Logging's default bucket: writes one JSON line per request to `logs/gateway.log`, except for
 * entries that the deployed exclusion matches.
 */
export class GatewayLog {
  readonly #file: LogFile;
  readonly #isExcluded: LogFilter;

  constructor(stateFolder: string, isExcluded: LogFilter, onTrouble: (message: string) => void) {
    this.#file = new LogFile(stateFolder, 'gateway.log', onTrouble);
    this.#isExcluded = isExcluded;
  }

  readonly write = (entry: RequestEntry): void => {
    if (!this.#isExcluded(entry)) this.#file.write(JSON.stringify(entry));
  };

  close(): Promise<void> {
    return this.#file.close();
  }
}
