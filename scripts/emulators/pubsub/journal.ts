import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import type { Subscription, Topic } from './wire.ts';

/** A published message. Ids grow, so their order is the publish order. */
export interface Message {
  readonly id: number;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
  readonly publishMs: number;
}

/** A message that a subscription has not acknowledged, with the number of failed deliveries. */
export interface UnackedMessage {
  readonly subscription: string;
  readonly message: Message;
  readonly failures: number;
}

export interface JournalState {
  readonly topics: readonly Topic[];
  readonly subscriptions: readonly Subscription[];
  /** In publish order. */
  readonly unacked: readonly UnackedMessage[];
}

// A commit has reached the operating system when it returns, so it survives kill -9 of this process. An fsync per
// commit would only be needed against a power failure (https://sqlite.org/pragma.html#pragma_synchronous).
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS subscriptions (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, data BLOB NOT NULL, attributes TEXT NOT NULL,
    ordering_key TEXT NOT NULL, publish_ms REAL NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS unacked (
    message_id INTEGER NOT NULL, subscription TEXT NOT NULL, failures INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (message_id, subscription)
  ) STRICT, WITHOUT ROWID;
`;

/** All state that must outlive the process, in SQLite; `:memory:` keeps it only while the process runs. */
export class Journal {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;

  constructor(file = ':memory:') {
    this.#database = new DatabaseSync(file);
    this.#database.exec(SCHEMA);
  }

  /** Applies all changes of `work` or, if it throws, none; a nested transaction joins the outer one. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#database.exec('BEGIN IMMEDIATE');
    this.#depth += 1;
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (thrown) {
      this.#database.exec('ROLLBACK');
      throw thrown;
    } finally {
      this.#depth -= 1;
    }
  }

  load(): JournalState {
    // The casts are safe: this class wrote the rows in the same form.
    const bodies = (sql: string): unknown[] =>
      this.#prepare(sql)
        .all()
        .map((row) => JSON.parse(String(row['body'])) as unknown);
    const rows = this.#prepare(
      `SELECT subscription, failures, id, data, attributes, ordering_key, publish_ms
       FROM unacked JOIN messages ON id = message_id ORDER BY id`,
    ).all();
    return {
      topics: bodies('SELECT body FROM topics ORDER BY name') as Topic[],
      subscriptions: bodies('SELECT body FROM subscriptions ORDER BY name') as Subscription[],
      unacked: rows.map((row) => ({
        subscription: String(row['subscription']),
        failures: Number(row['failures']),
        message: {
          id: Number(row['id']),
          data: Buffer.from(row['data'] as Uint8Array),
          attributes: JSON.parse(String(row['attributes'])) as Record<string, string>,
          orderingKey: String(row['ordering_key']),
          publishMs: Number(row['publish_ms']),
        },
      })),
    };
  }

  putTopic(topic: Topic): void {
    this.#prepare('INSERT OR REPLACE INTO topics VALUES (?, ?)').run(topic.name, JSON.stringify(topic));
  }

  deleteTopic(name: string): void {
    this.#prepare('DELETE FROM topics WHERE name = ?').run(name);
  }

  putSubscription(subscription: Subscription): void {
    const body = JSON.stringify(subscription);
    this.#prepare('INSERT OR REPLACE INTO subscriptions VALUES (?, ?)').run(subscription.name, body);
  }

  deleteSubscription(name: string): void {
    this.transaction(() => {
      this.#prepare('DELETE FROM subscriptions WHERE name = ?').run(name);
      this.#prepare('DELETE FROM unacked WHERE subscription = ?').run(name);
      this.#prepare('DELETE FROM messages WHERE id NOT IN (SELECT message_id FROM unacked)').run();
    });
  }

  /** Stores a message, assigns its id and returns it. */
  addMessage(message: Omit<Message, 'id'>, subscriptions: readonly string[]): Message {
    return this.transaction(() => {
      const { lastInsertRowid } = this.#prepare(
        'INSERT INTO messages (data, attributes, ordering_key, publish_ms) VALUES (?, ?, ?, ?)',
      ).run(message.data, JSON.stringify(message.attributes), message.orderingKey, message.publishMs);
      const id = Number(lastInsertRowid);
      for (const subscription of subscriptions) {
        this.#prepare('INSERT INTO unacked (message_id, subscription) VALUES (?, ?)').run(id, subscription);
      }
      // A message without subscriptions is deleted; its id stays used, because the sequence has advanced.
      if (subscriptions.length === 0) this.#prepare('DELETE FROM messages WHERE id = ?').run(id);
      return { ...message, id };
    });
  }

  failed(subscription: string, messageId: number, failures: number): void {
    this.#prepare('UPDATE unacked SET failures = ? WHERE message_id = ? AND subscription = ?').run(
      failures,
      messageId,
      subscription,
    );
  }

  acknowledged(subscription: string, messageIds: readonly number[]): void {
    if (messageIds.length === 0) return;
    this.transaction(() => {
      for (const id of messageIds) {
        this.#prepare('DELETE FROM unacked WHERE message_id = ? AND subscription = ?').run(id, subscription);
        this.#prepare(
          'DELETE FROM messages WHERE id = ? AND NOT EXISTS (SELECT 1 FROM unacked WHERE message_id = id)',
        ).run(id);
      }
    });
  }

  /** Deletes everything except the sequence of message ids, so that an id never denotes two messages. */
  clear(): void {
    this.transaction(() => {
      for (const table of ['topics', 'subscriptions', 'messages', 'unacked'])
        this.#database.exec(`DELETE FROM ${table}`);
    });
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
