import type { AuditEntry } from '#scripts/emulators/compute/audit-entry.ts';

export type PublishRaw = (topic: string, data: Buffer) => Promise<void> | void;

/** The topic that the log sink of Terraform publishes to. */
const TOPIC = 'compute-events';

/**
 * Cloud Logging's sink of Compute Engine's audit log: publishes the entries that tell of the end of something, as the
 * filter of the deployed sink does. What comes before the topic exists is kept until it does.
 */
export class LogSink {
  readonly #early: AuditEntry[] = [];
  readonly #onTrouble: (message: string) => void;
  #publish: PublishRaw | undefined;

  constructor(onTrouble: (message: string) => void) {
    this.#onTrouble = onTrouble;
  }

  /** From now on entries are published. */
  open(publish: PublishRaw): void {
    this.#publish = publish;
    for (const entry of this.#early.splice(0)) this.take(entry);
  }

  readonly take = (entry: AuditEntry): void => {
    if (entry.operation.last !== true) return;
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
