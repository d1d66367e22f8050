/** The used part of a (wrapped) push delivery of Pub/Sub. */
export interface Delivery {
  readonly messageId: string;
  readonly data: unknown;
  readonly attributes: Readonly<Record<string, string>>;
  /** Number of the delivery attempt; only for subscriptions with a dead letter policy. */
  readonly attempt: number | undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses the envelope of a push request; `undefined` for an invalid one. functions-framework would discard
 * deliveryAttempt, orderingKey and subscription when it converts the envelope to a CloudEvent.
 */
export function parseEnvelope(body: string): Delivery | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed) || !isRecord(parsed['message'])) return undefined;
  const message = parsed['message'];
  const messageId = message['messageId'] ?? message['message_id'];
  if (typeof messageId !== 'string') return undefined;
  const attributes: Record<string, string> = {};
  if (isRecord(message['attributes'])) {
    for (const [name, value] of Object.entries(message['attributes'])) {
      if (typeof value === 'string') attributes[name] = value;
    }
  }
  const attempt = parsed['deliveryAttempt'];
  return {
    messageId,
    data: decodeData(message['data']),
    attributes,
    attempt: typeof attempt === 'number' ? attempt : undefined,
  };
}

/** Returns the parsed data if it is JSON, otherwise the text. */
function decodeData(data: unknown): unknown {
  if (typeof data !== 'string') return undefined;
  const decoded = Buffer.from(data, 'base64').toString('utf8');
  try {
    return JSON.parse(decoded);
  } catch {
    return decoded;
  }
}

/** Returns the operation that a message names; `undefined` if it names none. */
export function operationOf(
  delivery: Delivery,
): { readonly operationId: string; readonly instanceId: string } | undefined {
  const source = isRecord(delivery.data) ? delivery.data : delivery.attributes;
  const { operationId, instanceId } = source;
  return typeof operationId === 'string' && typeof instanceId === 'string' ? { operationId, instanceId } : undefined;
}
