import type { AuditEntry } from '#scripts/emulators/compute/audit-entry.ts';
import { isComputeEvent } from './log-filters.ts';

export type PublishRaw = (topic: string, data: Buffer) => Promise<void> | void;

/** The topic to which the deployed log sink publishes. */
const TOPIC = 'compute-events';

/**
 * Stands in for Cloud Logging's sink of Compute Engine's audit log: publishes the entries that match the deployed
 * sink's filter. Entries that arrive before the topic exists are kept until then.
 */
export class LogSink {
  readonly #early: AuditEntry[] = [];
  readonly #onTrouble: (message: string) => void;
  #publish: PublishRaw | undefined;

  constructor(onTrouble: (message: string) => void) {
    this.#onTrouble = onTrouble;
  }

  /** Publishes kept and further entries. */
  open(publish: PublishRaw): void {
    this.#publish = publish;
    for (const entry of this.#early.splice(0)) this.take(entry);
  }

  readonly take = (entry: AuditEntry): void => {
    if (!isComputeEvent(entry)) return;
    if (this.#publish === undefined) this.#early.push(entry);
    else
      this.#send(entry, this.#publish).catch((thrown: unknown) =>
        this.#onTrouble(`An audit entry is lost: ${String(thrown)}`),
      );
  };

  async #send(entry: AuditEntry, publish: PublishRaw): Promise<void> {
    await publish(TOPIC, Buffer.from(JSON.stringify(entry)));
  }
}
