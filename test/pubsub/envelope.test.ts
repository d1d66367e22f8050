import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { operationOf, parseEnvelope } from '#shared/pubsub/envelope.ts';

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

const MESSAGE = {
  messageId: '1',
  data: base64('{"operationId":"op-1","instanceId":"tw-1"}'),
  attributes: { operationId: 'op-1', instanceId: 'tw-1' },
  orderingKey: 'tw-1',
};

function parse(envelope: unknown) {
  return parseEnvelope(JSON.stringify(envelope));
}

test('a push of Pub/Sub is read, with its attempt where the subscription counts', () => {
  const delivery = parse({ message: MESSAGE, deliveryAttempt: 3, subscription: 'projects/p/subscriptions/s' });

  expect(delivery).toEqual({
    messageId: '1',
    data: { operationId: 'op-1', instanceId: 'tw-1' },
    attributes: { operationId: 'op-1', instanceId: 'tw-1' },
    attempt: 3,
  });
  expect(parse({ message: MESSAGE })?.attempt).toBeUndefined();
});

test('the older spelling of the id is read as well', () => {
  expect(parse({ message: { message_id: '7' } })).toMatchObject({ messageId: '7', data: undefined, attributes: {} });
});

test('data that is not JSON is text, and data that is nothing is nothing', () => {
  expect(parse({ message: { ...MESSAGE, data: base64('grüß dich') } })?.data).toBe('grüß dich');
  expect(parse({ message: { ...MESSAGE, data: 7 } })?.data).toBeUndefined();
});

test('attributes that are not text are left out', () => {
  expect(parse({ message: { ...MESSAGE, attributes: { a: 1, b: 'two', c: null } } })?.attributes).toEqual({ b: 'two' });
  expect(parse({ message: { ...MESSAGE, attributes: ['a'] } })?.attributes).toEqual({});
});

test.each([
  '',
  'null',
  '[]',
  '7',
  '{',
  '{}',
  '{"message":null}',
  '{"message":[]}',
  '{"message":{}}',
  '{"message":{"messageId":7}}',
])('%s is no envelope', (body) => {
  expect(parseEnvelope(body)).toBeUndefined();
});

test('nothing that can be sent makes it throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), fc.anything(), (body, message) => {
      parseEnvelope(body);
      const envelope = parseEnvelope(
        JSON.stringify({ message: { messageId: '1', data: message, attributes: message } }),
      );
      if (envelope !== undefined) operationOf(envelope);
    }),
  );
});

describe('the operation a message speaks of', () => {
  const delivery = { messageId: '1', attempt: undefined };

  test('is in its data, or in its attributes where the data is none', () => {
    const named = { operationId: 'op-1', instanceId: 'tw-1' };

    expect(operationOf({ ...delivery, data: named, attributes: {} })).toEqual(named);
    expect(operationOf({ ...delivery, data: undefined, attributes: named })).toEqual(named);
    expect(operationOf({ ...delivery, data: 'text', attributes: named })).toEqual(named);
  });

  test.each([{}, { operationId: 'op-1' }, { operationId: 1, instanceId: 'tw-1' }])('is missing in %j', (data) => {
    expect(operationOf({ ...delivery, data, attributes: {} })).toBeUndefined();
  });
});
