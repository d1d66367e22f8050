import { http } from '@google-cloud/functions-framework';
import type { WireReply } from '#shared/contracts/reply.ts';
import { Failure } from '#shared/domain/failure.ts';
import { parseEnvelope, type Delivery } from '#shared/pubsub/envelope.ts';
import { openBase, type BaseTools } from './base-tools.ts';
import { keepRequestsRaw } from './bypass-body-parsers.ts';
import { disableRequestDomains } from './disable-request-domains.ts';
import { entryPointOf } from './entry-point.ts';
import { sendReply, toWireRequest } from './wire.ts';

/**
 * Maximum size of a push request: messages of Pub/Sub have at most 10 MB, and base64 enlarges them. Audit log entries
 * can be large.
 */
const ENVELOPE_BYTES_MAX = 14 * 1024 * 1024;

/** Status codes with which Pub/Sub acknowledges or repeats a delivery. */
const ACKNOWLEDGE = 204;
/** Every status other than 102, 200, 201, 202 and 204 makes Pub/Sub deliver the message again, with back-off. */
const DELIVER_AGAIN = 503;

export interface PushFunction<More> {
  readonly name: string;
  readonly open: (base: BaseTools) => More;
  /** Handles a delivery. If it returns `false` or throws, Pub/Sub delivers the message again. */
  readonly handle: (delivery: Delivery, tools: BaseTools & More) => Promise<boolean>;
}

/**
 * Registers a function that a Pub/Sub push subscription calls. It is an HTTP function that parses the envelope itself,
 * because for an event function functions-framework would discard delivery attempt, ordering key and subscription.
 */
export function pushFunction<More>(definition: PushFunction<More>): void {
  keepRequestsRaw();
  disableRequestDomains();
  const answer = openPushFunction(definition, openBase());
  http(entryPointOf(definition.name), async (request, response) => {
    sendReply(response, await answer(toWireRequest(request, ENVELOPE_BYTES_MAX).readBody));
  });
}

/** Opens a push function's tools and returns its handler of deliveries, independent of any framework. */
export function openPushFunction<More>(
  definition: PushFunction<More>,
  base: BaseTools,
): (readBody: () => Promise<string>) => Promise<WireReply> {
  const tools = { ...base, ...definition.open(base) };
  const { log } = base;
  return async (readBody) => {
    let acknowledged = false;
    try {
      const delivery = parseEnvelope(await readBody());
      if (delivery === undefined) {
        // A repeated delivery would be just as unreadable, so this one is acknowledged.
        log.error('a push request was not a Pub/Sub envelope', { function: definition.name });
        acknowledged = true;
      } else {
        acknowledged = await definition.handle(delivery, tools);
      }
    } catch (thrown) {
      const fields = { function: definition.name, cause: thrown };
      const gone = thrown instanceof Failure && thrown.kind === 'request_aborted';
      if (gone) log.info('a push request was broken off; its message will be delivered again', fields);
      else log.error('a message could not be handled; it will be delivered again', fields);
    }
    return { status: acknowledged ? ACKNOWLEDGE : DELIVER_AGAIN, headers: {}, body: '' };
  };
}

export interface ScheduledFunction<More> {
  readonly name: string;
  readonly open: (base: BaseTools) => More;
  /** Runs the job and returns a summary, which becomes the response. */
  readonly run: (tools: BaseTools & More) => Promise<object>;
}

/**
 * Registers a function that Cloud Scheduler calls. A failure responds with 500, so that Cloud Scheduler shows the job
 * as failed.
 */
export function scheduledFunction<More>(definition: ScheduledFunction<More>): void {
  keepRequestsRaw();
  disableRequestDomains();
  const answer = openScheduledFunction(definition, openBase());
  http(entryPointOf(definition.name), async (request, response) => {
    request.resume();
    sendReply(response, await answer());
  });
}

/** Opens a scheduled function's tools and returns its handler, independent of any framework. */
export function openScheduledFunction<More>(
  definition: ScheduledFunction<More>,
  base: BaseTools,
): () => Promise<WireReply> {
  const tools = { ...base, ...definition.open(base) };
  return async () => {
    const headers = { 'content-type': 'application/json' };
    try {
      return { status: 200, headers, body: JSON.stringify(await definition.run(tools)) };
    } catch (thrown) {
      base.log.error('a scheduled run failed', { function: definition.name, cause: thrown });
      return { status: 500, headers, body: JSON.stringify({ error: Failure.from(thrown).reason }) };
    }
  };
}
