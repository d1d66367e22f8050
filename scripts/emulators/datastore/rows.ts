import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';

import { asBuffer } from './ordered-bytes.ts';

/** Access to the tables of the store by SQL. */
export interface Rows {
  all(sql: string, parameters: readonly SQLInputValue[]): Record<string, SQLOutputValue>[];
  get(sql: string, parameters: readonly SQLInputValue[]): Record<string, SQLOutputValue> | undefined;
  run(sql: string, parameters: readonly SQLInputValue[]): void;
  /** Runs `work` in one transaction of the file; if it throws, nothing is changed. */
  write<T>(work: () => T): T;
}

/** Returns the bytes of a column that is declared BLOB NOT NULL. */
export function blob(column: SQLOutputValue | undefined): Buffer {
  if (!(column instanceof Uint8Array)) throw new Error('A column that holds bytes holds something else.');
  return asBuffer(column);
}
