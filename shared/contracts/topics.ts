export const TOPICS = [
  {
    name: 'operations',
    description: 'Accepted operations, one message each, ordered by instance id.',
    retentionHours: 7 * 24,
  },
  {
    name: 'operations-dead-letter',
    description: 'Operations that the power worker could not deal with.',
    retentionHours: 7 * 24,
  },
  {
    name: 'compute-events',
    description: "Compute Engine's audit log entries about our machines, fed by a log sink.",
    // After a day an entry is useless, because the sweep has checked the VM many times since.
    retentionHours: 24,
  },
] as const satisfies readonly Topic[];

export type TopicName = (typeof TOPICS)[number]['name'];

/** A Pub/Sub topic. */
export interface Topic {
  readonly name: string;
  readonly description: string;
  /** How long Pub/Sub keeps messages that are not acknowledged. */
  readonly retentionHours: number;
}
