import { status } from '@grpc/grpc-js';
import { parseFilter } from './filter.ts';
import { parseResourceName } from './resource-names.ts';
import { invalidArgument, StatusError } from './status-error.ts';
import { toMs } from './wire.ts';
import type { DeadLetterPolicy, PushConfig, RetryPolicy, Subscription, WireDuration } from './wire.ts';

// Limits: https://docs.cloud.google.com/pubsub/quotas#resource_limits and the comments of pubsub.proto.
const ACK_DEADLINE_SECONDS_DEFAULT = 10;
const ACK_DEADLINE_SECONDS_MIN = 10;
const ACK_DEADLINE_SECONDS_MAX = 600;
const RETENTION_SECONDS_DEFAULT = 7 * 24 * 3600;
const RETENTION_SECONDS_MIN = 600;
const RETENTION_SECONDS_MAX = 31 * 24 * 3600;
const EXPIRATION_SECONDS_DEFAULT = 31 * 24 * 3600;
const BACKOFF_SECONDS_MAX = 600;
const MINIMUM_BACKOFF_SECONDS_DEFAULT = 10;
const MAXIMUM_BACKOFF_SECONDS_DEFAULT = 600;
const DELIVERY_ATTEMPTS_DEFAULT = 5;
const DELIVERY_ATTEMPTS_MIN = 5;
const DELIVERY_ATTEMPTS_MAX = 100;

const NO_PUSH: PushConfig = { pushEndpoint: '', attributes: {} };

/** The settings that govern a subscription's deliveries. */
export interface DeliverySettings {
  readonly ordered: boolean;
  readonly ackDeadlineMs: number;
  readonly retentionMs: number;
  /** Undefined: messages are delivered without a limit of attempts. */
  readonly deliveryAttemptsMax: number | undefined;
  /** Returns the wait before the next delivery of a message that has failed `failures` times. */
  backoffMs(failures: number): number;
}

/** Fills in the service's defaults; throws INVALID_ARGUMENT for settings that the service refuses. */
export function completeSubscription(asked: Subscription): Subscription {
  parseResourceName(asked.name, 'subscriptions');
  refuseUnsupported(asked);
  parseFilter(asked.filter);
  const ackDeadlineSeconds = asked.ackDeadlineSeconds === 0 ? ACK_DEADLINE_SECONDS_DEFAULT : asked.ackDeadlineSeconds;
  requireAckDeadline(ackDeadlineSeconds);
  const retention = asked.messageRetentionDuration ?? seconds(RETENTION_SECONDS_DEFAULT);
  if (toMs(retention) < RETENTION_SECONDS_MIN * 1000 || toMs(retention) > RETENTION_SECONDS_MAX * 1000) {
    throw invalidArgument(
      `Invalid message retention duration: it must be from ${RETENTION_SECONDS_MIN} to ${RETENTION_SECONDS_MAX} seconds.`,
    );
  }
  return {
    ...asked,
    ackDeadlineSeconds,
    messageRetentionDuration: retention,
    expirationPolicy: asked.expirationPolicy ?? { ttl: seconds(EXPIRATION_SECONDS_DEFAULT) },
    pushConfig: completePushConfig(asked.pushConfig),
    retryPolicy: completeRetryPolicy(asked.retryPolicy),
    deadLetterPolicy: completeDeadLetterPolicy(asked.deadLetterPolicy),
  };
}

export function completePushConfig(asked: PushConfig | null): PushConfig {
  if (asked === null || asked.pushEndpoint === '') return NO_PUSH;
  const url = URL.parse(asked.pushEndpoint);
  // Production requires https; the local cloud's functions listen on plain http.
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw invalidArgument(`Invalid push endpoint given (endpoint=${asked.pushEndpoint}).`);
  }
  return asked;
}

export function requireAckDeadline(ackDeadlineSeconds: number): void {
  if (ackDeadlineSeconds >= ACK_DEADLINE_SECONDS_MIN && ackDeadlineSeconds <= ACK_DEADLINE_SECONDS_MAX) return;
  throw invalidArgument(
    `Invalid ack deadline given: (seconds=${ackDeadlineSeconds}); it must be from ${ACK_DEADLINE_SECONDS_MIN} to ${ACK_DEADLINE_SECONDS_MAX}.`,
  );
}

export function deliverySettings(subscription: Subscription): DeliverySettings {
  const { retryPolicy, deadLetterPolicy, messageRetentionDuration: retention } = subscription;
  const minimumMs = backoffBoundMs(retryPolicy?.minimumBackoff, MINIMUM_BACKOFF_SECONDS_DEFAULT);
  const maximumMs = backoffBoundMs(retryPolicy?.maximumBackoff, MAXIMUM_BACKOFF_SECONDS_DEFAULT);
  return {
    ordered: subscription.enableMessageOrdering,
    ackDeadlineMs: subscription.ackDeadlineSeconds * 1000,
    retentionMs: retention === null ? RETENTION_SECONDS_DEFAULT * 1000 : toMs(retention),
    deliveryAttemptsMax: deadLetterPolicy?.maxDeliveryAttempts,
    backoffMs: (failures) =>
      retryPolicy === null ? 0 : Math.min(maximumMs, minimumMs * 2 ** Math.max(0, failures - 1)),
  };
}

export function isPush(config: PushConfig | null): config is PushConfig {
  return config !== null && config.pushEndpoint !== '';
}

function refuseUnsupported(asked: Subscription): void {
  const exported = asked.bigqueryConfig ?? asked.cloudStorageConfig ?? asked.bigtableConfig;
  if (exported !== null || asked.messageTransforms.length > 0) {
    throw new StatusError(status.UNIMPLEMENTED, 'Export subscriptions and message transforms are not emulated.');
  }
  if (asked.enableExactlyOnceDelivery) {
    if (isPush(asked.pushConfig)) {
      throw invalidArgument('Exactly-once delivery is not supported for push subscriptions.');
    }
    throw new StatusError(status.UNIMPLEMENTED, 'Exactly-once delivery is not emulated.');
  }
}

function completeRetryPolicy(asked: RetryPolicy | null): RetryPolicy | null {
  if (asked === null) return null;
  const minimumBackoff = asked.minimumBackoff ?? seconds(MINIMUM_BACKOFF_SECONDS_DEFAULT);
  const maximumBackoff = asked.maximumBackoff ?? seconds(MAXIMUM_BACKOFF_SECONDS_DEFAULT);
  for (const bound of [minimumBackoff, maximumBackoff]) {
    if (toMs(bound) < 0 || toMs(bound) > BACKOFF_SECONDS_MAX * 1000) {
      throw invalidArgument(`Invalid retry policy: a backoff must be from 0 to ${BACKOFF_SECONDS_MAX} seconds.`);
    }
  }
  if (toMs(minimumBackoff) > toMs(maximumBackoff)) {
    throw invalidArgument('Invalid retry policy: the minimum backoff is greater than the maximum backoff.');
  }
  return { minimumBackoff, maximumBackoff };
}

function completeDeadLetterPolicy(asked: DeadLetterPolicy | null): DeadLetterPolicy | null {
  if (asked === null) return null;
  parseResourceName(asked.deadLetterTopic, 'topics');
  const attempts = asked.maxDeliveryAttempts === 0 ? DELIVERY_ATTEMPTS_DEFAULT : asked.maxDeliveryAttempts;
  if (attempts < DELIVERY_ATTEMPTS_MIN || attempts > DELIVERY_ATTEMPTS_MAX) {
    throw invalidArgument(
      `Invalid max delivery attempts: (attempts=${attempts}); it must be from ${DELIVERY_ATTEMPTS_MIN} to ${DELIVERY_ATTEMPTS_MAX}.`,
    );
  }
  return { deadLetterTopic: asked.deadLetterTopic, maxDeliveryAttempts: attempts };
}

function backoffBoundMs(bound: WireDuration | null | undefined, defaultSeconds: number): number {
  return bound === null || bound === undefined ? defaultSeconds * 1000 : toMs(bound);
}

function seconds(count: number): WireDuration {
  return { seconds: count, nanos: 0 };
}
