import { request as requestHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handed } from './delivery-queue.ts';
import type { PushConfig } from './wire.ts';

/** Source: https://docs.cloud.google.com/pubsub/docs/push#receive_push */
const SUCCESS_STATUSES: ReadonlySet<number> = new Set([102, 200, 201, 202, 204]);

const TOKEN_SECONDS = 3600;

export interface PushRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface PushContext {
  readonly subscription: string;
  readonly pushConfig: PushConfig;
  /** Whether the envelope contains the attempt's number: only with a dead letter policy. */
  readonly countsAttempts: boolean;
  readonly nowMs: number;
}

/** Builds the HTTP request that production would send for this delivery. */
export function buildPushRequest(handed: Handed, context: PushContext): PushRequest {
  const { pushEndpoint: url, noWrapper } = context.pushConfig;
  const authorization = authorizationHeader(context);
  if (noWrapper === undefined || noWrapper === null) {
    return { url, headers: { 'content-type': 'application/json', ...authorization }, body: envelope(handed, context) };
  }
  const headers = noWrapper.writeMetadata ? metadataHeaders(handed, context) : {};
  return { url, headers: { ...headers, ...authorization }, body: handed.message.data };
}

/**
 * Sends the request; true if the endpoint's status acknowledges the message. Never rejects: a missing reply is no
 * acknowledgement. `signal` ends the attempt.
 */
export async function sendPushRequest(push: PushRequest, signal: AbortSignal): Promise<boolean> {
  try {
    return SUCCESS_STATUSES.has(await send(push, signal));
  } catch (thrown) {
    if (signal.aborted || !isStaleConnection(thrown)) return false;
  }
  // The endpoint closed an idle connection just as it was reused. That is not the endpoint's failure, so it must not
  // cost the message a delivery attempt.
  await sleep(1);
  return send(push, signal).then(
    (status) => SUCCESS_STATUSES.has(status),
    () => false,
  );
}

function send(push: PushRequest, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const request = push.url.startsWith('https:') ? requestHttps : requestHttp;
  const outgoing = request(
    push.url,
    { method: 'POST', headers: { ...push.headers, 'content-length': push.body.length }, signal },
    (answer: IncomingMessage) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    },
  );
  // 102 Processing acknowledges the message although it is an interim response.
  outgoing.on('information', ({ statusCode }) => {
    if (SUCCESS_STATUSES.has(statusCode)) resolve(statusCode);
  });
  outgoing.on('error', (thrown) => reject(outgoing.reusedSocket ? new StaleConnection(thrown) : thrown));
  outgoing.end(push.body);
  return promise;
}

class StaleConnection extends Error {
  constructor(cause: Error) {
    super('The connection was closed before the request was answered.', { cause });
  }
}

function isStaleConnection(thrown: unknown): boolean {
  if (!(thrown instanceof StaleConnection)) return false;
  const { cause } = thrown;
  return cause instanceof Error && 'code' in cause && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE');
}

function envelope({ message, attempt }: Handed, { subscription, countsAttempts }: PushContext): Buffer {
  const messageId = String(message.id);
  const publishTime = new Date(message.publishMs).toISOString();
  const body = {
    message: {
      data: message.data.toString('base64'),
      attributes: message.attributes,
      messageId,
      message_id: messageId,
      publishTime,
      publish_time: publishTime,
      ...(message.orderingKey === '' ? {} : { orderingKey: message.orderingKey }),
    },
    subscription,
    ...(countsAttempts ? { deliveryAttempt: attempt } : {}),
  };
  return Buffer.from(JSON.stringify(body));
}

function metadataHeaders({ message }: Handed, { subscription }: PushContext): Readonly<Record<string, string>> {
  return {
    ...message.attributes,
    'x-goog-pubsub-subscription-name': subscription,
    'x-goog-pubsub-message-id': String(message.id),
    'x-goog-pubsub-publish-time': new Date(message.publishMs).toISOString(),
    ...(message.orderingKey === '' ? {} : { 'x-goog-pubsub-ordering-key': message.orderingKey }),
  };
}

/**
 * Returns the Authorization header with production's claims; its signature is empty, because nothing here can sign for
 * Google.
 */
function authorizationHeader({ pushConfig, nowMs }: PushContext): Readonly<Record<string, string>> {
  const { oidcToken, pushEndpoint } = pushConfig;
  if (oidcToken === undefined || oidcToken === null) return {};
  const iat = Math.floor(nowMs / 1000);
  const claims = {
    iss: 'https://accounts.google.com',
    aud: oidcToken.audience === '' ? pushEndpoint : oidcToken.audience,
    email: oidcToken.serviceAccountEmail,
    email_verified: true,
    sub: oidcToken.serviceAccountEmail,
    iat,
    exp: iat + TOKEN_SECONDS,
  };
  return { authorization: `Bearer ${base64Json({ alg: 'none', typ: 'JWT' })}.${base64Json(claims)}.` };
}

function base64Json(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
