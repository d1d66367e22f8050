import { ComputeError, invalidField } from './compute-error.ts';
import { isJsonObject } from './json-object.ts';
import type { JsonObject } from './json-object.ts';

/* Readers of values in a request's query and body. Each throws a 400 for an invalid value. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

export function readRequestId(query: URLSearchParams): string | undefined {
  const requestId = query.get('requestId') ?? '';
  if (requestId === '') return undefined;
  if (!UUID.test(requestId) || requestId === NIL_UUID) {
    throw invalidField('requestId', requestId, 'The request ID must be a valid UUID, other than the zero UUID.');
  }
  return requestId;
}

export function readBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (text !== 'true' && text !== 'false') throw invalidField(name, text, 'Must be true or false.');
  return text === 'true';
}

export function readNumber(query: URLSearchParams, name: string, absent: number): number {
  const text = query.get(name);
  if (text === null) return absent;
  if (!/^-?\d{1,19}$/.test(text)) throw invalidField(name, text, 'Must be a number.');
  return Number(text);
}

export function parseBody(rawBody: string): JsonObject | undefined {
  try {
    const body: unknown = JSON.parse(rawBody);
    return isJsonObject(body) ? body : undefined;
  } catch {
    // The callers report a missing body, each with its own text.
    return undefined;
  }
}

export function readBody(rawBody: string): JsonObject {
  if (rawBody.trim() === '') return {};
  const body = parseBody(rawBody);
  if (body === undefined) throw new ComputeError(400, 'parseError', 'Parse Error');
  return body;
}
