/**
 * The messages of google.pubsub.v1 as `service-definitions.ts` decodes them: every missing scalar has its default, a
 * missing sub-message is null, 64-bit numbers are JavaScript numbers. Only fields that the emulator reads are listed.
 */
export interface WireDuration {
  readonly seconds: number;
  readonly nanos: number;
}

export type WireTimestamp = WireDuration;

export interface Topic {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly messageRetentionDuration: WireDuration | null;
  readonly schemaSettings: object | null;
  readonly ingestionDataSourceSettings: object | null;
  readonly messageTransforms: readonly object[];
}

export interface PushConfig {
  readonly pushEndpoint: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly oidcToken?: { readonly serviceAccountEmail: string; readonly audience: string } | null;
  readonly noWrapper?: { readonly writeMetadata: boolean } | null;
}

export interface DeadLetterPolicy {
  readonly deadLetterTopic: string;
  readonly maxDeliveryAttempts: number;
}

export interface RetryPolicy {
  readonly minimumBackoff: WireDuration | null;
  readonly maximumBackoff: WireDuration | null;
}

export interface Subscription {
  readonly name: string;
  readonly topic: string;
  readonly pushConfig: PushConfig | null;
  readonly bigqueryConfig: object | null;
  readonly cloudStorageConfig: object | null;
  readonly bigtableConfig: object | null;
  readonly ackDeadlineSeconds: number;
  readonly retainAckedMessages: boolean;
  readonly messageRetentionDuration: WireDuration | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly enableMessageOrdering: boolean;
  readonly expirationPolicy: { readonly ttl: WireDuration | null } | null;
  readonly filter: string;
  readonly deadLetterPolicy: DeadLetterPolicy | null;
  readonly retryPolicy: RetryPolicy | null;
  readonly enableExactlyOnceDelivery: boolean;
  readonly messageTransforms: readonly object[];
}

/** A message as a publisher sends it, without `messageId` and `publishTime`, which the service assigns. */
export interface WireMessage {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string;
}

export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

export interface FieldMask {
  readonly paths: readonly string[];
}

export interface StreamingPullRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
  readonly modifyDeadlineSeconds: readonly number[];
  readonly modifyDeadlineAckIds: readonly string[];
  readonly streamAckDeadlineSeconds: number;
  readonly maxOutstandingMessages: number;
  readonly maxOutstandingBytes: number;
}

export function toMs(duration: WireDuration): number {
  return duration.seconds * 1000 + duration.nanos / 1_000_000;
}

export function toTimestamp(epochMs: number): WireTimestamp {
  const seconds = Math.floor(epochMs / 1000);
  return { seconds, nanos: Math.round((epochMs - seconds * 1000) * 1_000_000) };
}
