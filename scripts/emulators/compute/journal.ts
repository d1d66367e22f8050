import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import type { Disk } from './disk-resource.ts';
import type { Machine } from './instance-resource.ts';
import type { Network } from './networks.ts';
import type { Operation, OperationFailure } from './operation-resource.ts';

/** A mutating call that reached the emulator. */
export interface Call {
  readonly method: string;
  readonly zone: string;
  readonly instance: string;
  readonly requestId: string | null;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly outcome: 'applied' | 'replayed' | 'refused';
  /** HTTP status of the response, even if a fault lost it. */
  readonly status: number;
  /** Error code of the call's operation, if that fails: the call was accepted but changes nothing. */
  readonly operationError?: string;
}

/** A change of a VM's status; `DELETED` once the VM is deleted. */
export interface StatusChange {
  readonly instance: string;
  readonly status: string;
  /** RFC 3339, UTC. */
  readonly time: string;
}

/** A change that takes place by itself when the clock reaches its time. */
export type Step =
  | { readonly kind: 'status'; readonly status: Machine['resource']['status'] }
  | { readonly kind: 'gone' }
  | { readonly kind: 'operationStarts'; readonly operation: string }
  | { readonly kind: 'operationEnds'; readonly operation: string; readonly failure?: OperationFailure };

export interface PlannedStep {
  readonly seq: number;
  readonly atMs: number;
  readonly machineId: string;
  readonly step: Step;
}

/** The documents stored by kind and name. */
export interface Documents {
  readonly network: Network;
  readonly disk: Disk;
  readonly serial: SerialText;
}

/** The output of a VM's first serial port. */
export interface SerialText {
  /** Position of the first character that is still stored. */
  readonly start: number;
  readonly text: string;
}

const TABLES = ['machines', 'operations', 'steps', 'calls', 'history', 'addresses', 'documents'] as const;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS machines (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, zone TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL,
    UNIQUE (project, zone, name));
  CREATE TABLE IF NOT EXISTS operations (
    name TEXT PRIMARY KEY, project TEXT NOT NULL, zone TEXT NOT NULL, request_id TEXT, insert_ms INTEGER NOT NULL,
    doc TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS operations_by_request ON operations (project, request_id) WHERE request_id IS NOT NULL;
  CREATE INDEX IF NOT EXISTS operations_by_zone ON operations (project, zone, name);
  CREATE TABLE IF NOT EXISTS steps (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at_ms REAL NOT NULL, machine_id TEXT NOT NULL, doc TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS steps_by_time ON steps (at_ms, seq);
  CREATE INDEX IF NOT EXISTS steps_by_machine ON steps (machine_id);
  CREATE TABLE IF NOT EXISTS calls (seq INTEGER PRIMARY KEY AUTOINCREMENT, doc TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS history (seq INTEGER PRIMARY KEY AUTOINCREMENT, doc TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS addresses (ip TEXT PRIMARY KEY, machine_id TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
`;

/**
 * All state of the emulator, in SQLite only. Every response was preceded by a write to disk (SQLite's write-ahead log
 * survives the end of the process), so a restart only reads. Documents are JSON that this class wrote, so their form is
 * not checked.
 */
export class Journal {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Without a file the journal is kept in memory. */
  constructor(file?: string) {
    if (file !== undefined) mkdirSync(path.dirname(file), { recursive: true });
    this.#database = new DatabaseSync(file ?? ':memory:');
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    this.#database.exec(SCHEMA);
    this.#upgrade();
  }

  /** Upgrades a file of the first version, whose operations know VMs only and name methods without their collection. */
  #upgrade(): void {
    const version = this.#database.prepare('PRAGMA user_version').get()?.['user_version'];
    if (version !== 0) return;
    this.#database.exec(`
      UPDATE operations SET doc = json_remove(json_set(doc,
        '$.target', json_extract(doc, '$.machine'),
        '$.method', 'instances.' || json_extract(doc, '$.method')), '$.machine')
      WHERE json_extract(doc, '$.target') IS NULL;
      PRAGMA user_version = 1;
    `);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  clear(): void {
    this.transact(() => {
      for (const table of TABLES) this.#database.exec(`DELETE FROM ${table}`);
    });
  }

  /** Applies all changes of `work` or, if it throws, none. */
  transact<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (thrown) {
      this.#database.exec('ROLLBACK');
      throw thrown;
    }
  }

  putMachine(machine: Machine): void {
    const { id, project, zone, name } = machine;
    this.#run(
      `INSERT INTO machines (id, project, zone, name, doc) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET doc = excluded.doc`,
      [id, project, zone, name, JSON.stringify(machine)],
    );
  }

  removeMachine(id: string): void {
    this.#run('DELETE FROM machines WHERE id = ?', [id]);
  }

  machine(project: string, zone: string, name: string): Machine | undefined {
    const sql = 'SELECT doc FROM machines WHERE project = ? AND zone = ? AND name = ?';
    return this.#documents<Machine>(sql, [project, zone, name])[0];
  }

  machineById(id: string): Machine | undefined {
    return this.#documents<Machine>('SELECT doc FROM machines WHERE id = ?', [id])[0];
  }

  /** Returns VMs ordered by zone and name. */
  machines(project?: string, zone?: string): readonly Machine[] {
    if (project === undefined) return this.#documents('SELECT doc FROM machines ORDER BY project, zone, name', []);
    if (zone === undefined) {
      return this.#documents('SELECT doc FROM machines WHERE project = ? ORDER BY zone, name', [project]);
    }
    return this.#documents('SELECT doc FROM machines WHERE project = ? AND zone = ? ORDER BY name', [project, zone]);
  }

  /** Returns the VMs that follow a position in the order of zone and name; of one zone, if given. */
  machinesAfter(
    project: string,
    zone: string | undefined,
    after: { readonly zone: string; readonly name: string },
    limit: number,
  ): readonly Machine[] {
    if (zone === undefined) {
      const sql = `SELECT doc FROM machines WHERE project = ? AND (zone, name) > (?, ?)
                   ORDER BY zone, name LIMIT ?`;
      return this.#documents(sql, [project, after.zone, after.name, limit]);
    }
    const sql = 'SELECT doc FROM machines WHERE project = ? AND zone = ? AND name > ? ORDER BY name LIMIT ?';
    return this.#documents(sql, [project, zone, after.zone === zone ? after.name : '', limit]);
  }

  /** Stores VMs that nothing has asked for, far faster than inserts do. Returns their number. */
  loadMachines(machines: Iterable<Machine>): number {
    let count = 0;
    this.transact(() => {
      for (const machine of machines) {
        this.putMachine(machine);
        count += 1;
      }
    });
    return count;
  }

  putOperation(operation: Operation): void {
    const { name, project, zone, insertMs, resource } = operation;
    this.#run(
      `INSERT INTO operations (name, project, zone, request_id, insert_ms, doc) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET doc = excluded.doc`,
      [name, project, zone, resource.clientOperationId ?? null, insertMs, JSON.stringify(operation)],
    );
  }

  removeOperation(name: string): void {
    this.#run('DELETE FROM operations WHERE name = ?', [name]);
  }

  operation(name: string): Operation | undefined {
    return this.#documents<Operation>('SELECT doc FROM operations WHERE name = ?', [name])[0];
  }

  operations(project: string, zone: string): readonly Operation[] {
    const sql = 'SELECT doc FROM operations WHERE project = ? AND zone = ? ORDER BY name';
    return this.#documents(sql, [project, zone]);
  }

  /** Returns the newest operation with this requestId that was opened after `sinceMs`. */
  operationByRequest(project: string, requestId: string, sinceMs: number): Operation | undefined {
    const sql = `SELECT doc FROM operations WHERE project = ? AND request_id = ? AND insert_ms > ?
                 ORDER BY insert_ms DESC LIMIT 1`;
    return this.#documents<Operation>(sql, [project, requestId, sinceMs])[0];
  }

  /** Finds an operation by its numeric id, which every resource has besides its name. */
  operationById(id: string): Operation | undefined {
    const sql = "SELECT doc FROM operations WHERE json_extract(doc, '$.resource.id') = ?";
    return this.#documents<Operation>(sql, [id])[0];
  }

  /**
   * Stores any other document by its kind and a name that is unique within the kind: networks, disks, serial output.
   */
  putDocument<K extends keyof Documents>(kind: K, name: string, document: Documents[K]): void {
    const sql = `INSERT INTO documents (kind, name, doc) VALUES (?, ?, ?)
                 ON CONFLICT (kind, name) DO UPDATE SET doc = excluded.doc`;
    this.#run(sql, [kind, name, JSON.stringify(document)]);
  }

  document<K extends keyof Documents>(kind: K, name: string): Documents[K] | undefined {
    return this.#documents<Documents[K]>('SELECT doc FROM documents WHERE kind = ? AND name = ?', [kind, name])[0];
  }

  /** Returns all documents of a kind whose names begin with the prefix, by name. */
  documents<K extends keyof Documents>(kind: K, prefix = ''): readonly Documents[K][] {
    const sql = 'SELECT doc FROM documents WHERE kind = ? AND substr(name, 1, ?) = ? ORDER BY name';
    return this.#documents(sql, [kind, prefix.length, prefix]);
  }

  removeDocument(kind: keyof Documents, name: string): void {
    this.#run('DELETE FROM documents WHERE kind = ? AND name = ?', [kind, name]);
  }

  planStep(atMs: number, machineId: string, step: Step): void {
    const sql = 'INSERT INTO steps (at_ms, machine_id, doc) VALUES (?, ?, ?)';
    this.#run(sql, [atMs, machineId, JSON.stringify(step)]);
  }

  removeStep(seq: number): void {
    this.#run('DELETE FROM steps WHERE seq = ?', [seq]);
  }

  /** Returns the step that is due first. */
  nextStep(): PlannedStep | undefined {
    return this.#steps('SELECT seq, at_ms, machine_id, doc FROM steps ORDER BY at_ms, seq LIMIT 1', [])[0];
  }

  stepsOf(machineId: string): readonly PlannedStep[] {
    return this.#steps('SELECT seq, at_ms, machine_id, doc FROM steps WHERE machine_id = ? ORDER BY at_ms, seq', [
      machineId,
    ]);
  }

  /** Reserves an address; false if it is taken. */
  takeAddress(ip: string, machineId: string): boolean {
    const sql = 'INSERT INTO addresses (ip, machine_id) VALUES (?, ?) ON CONFLICT (ip) DO NOTHING';
    return this.#run(sql, [ip, machineId]) === 1;
  }

  releaseAddress(ip: string): void {
    this.#run('DELETE FROM addresses WHERE ip = ?', [ip]);
  }

  releaseAddresses(machineId: string): void {
    this.#run('DELETE FROM addresses WHERE machine_id = ?', [machineId]);
  }

  addCall(call: Call): void {
    this.#run('INSERT INTO calls (doc) VALUES (?)', [JSON.stringify(call)]);
  }

  calls(): readonly Call[] {
    return this.#documents('SELECT doc FROM calls ORDER BY seq', []);
  }

  addStatusChange(change: StatusChange): void {
    this.#run('INSERT INTO history (doc) VALUES (?)', [JSON.stringify(change)]);
  }

  history(): readonly StatusChange[] {
    return this.#documents('SELECT doc FROM history ORDER BY seq', []);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #run(sql: string, values: readonly (string | number | null)[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #documents<T>(sql: string, values: readonly (string | number)[]): T[] {
    return this.#statement(sql)
      .all(...values)
      .map((row) => JSON.parse(String(row['doc'])) as T);
  }

  #steps(sql: string, values: readonly string[]): PlannedStep[] {
    return this.#statement(sql)
      .all(...values)
      .map((row) => ({
        seq: Number(row['seq']),
        atMs: Number(row['at_ms']),
        machineId: String(row['machine_id']),
        step: JSON.parse(String(row['doc'])) as Step,
      }));
  }
}
