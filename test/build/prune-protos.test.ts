import { describe, expect, it } from 'vitest';
import { methodsOf, pruneProtos } from '#scripts/build/prune-protos.ts';

const DESCRIPTOR = {
  nested: {
    shop: {
      options: { java_package: 'x' },
      nested: {
        Shop: {
          options: { '(google.api.default_host)': 'shop.example', '(google.api.oauth_scopes)': 'a,b' },
          methods: {
            Buy: {
              requestType: 'Order',
              responseType: 'Receipt',
              options: { '(google.api.http).post': '/buy', '(google.api.method_signature)': 'order' },
              parsedOptions: [{ '(google.api.http)': { post: '/buy' } }, { '(google.api.method_signature)': 'order' }],
            },
            Sell: { requestType: 'Offer', responseType: 'Receipt' },
          },
        },
        Order: {
          fields: {
            size: {
              type: 'Size',
              id: 1,
              options: { '(google.api.field_behavior)': 'REQUIRED', proto3_optional: true },
            },
            notes: { keyType: 'string', type: 'Note', id: 2 },
          },
          oneofs: { _size: { oneof: ['size'] } },
          nested: { Size: { values: { SMALL: 0 } }, Unused: { fields: {} } },
        },
        Size: { fields: { wrong: { type: 'Offer', id: 1 } } },
        Note: { fields: { parent: { type: '.shop.Note', id: 1 }, at: { type: 'time.Stamp', id: 2 } } },
        Receipt: { fields: {} },
        Offer: { fields: {} },
        behaviour: { type: 'string', id: 1, extend: 'google.protobuf.FieldOptions' },
      },
    },
    time: { nested: { Stamp: { fields: { seconds: { type: 'int64', id: 1 } } } } },
  },
};

describe('pruning a descriptor', () => {
  it('keeps what a method reaches and nothing else', () => {
    const pruned = pruneProtos(DESCRIPTOR, { 'shop.Shop': ['Buy'] });

    expect(pruned).toEqual({
      nested: {
        shop: {
          nested: {
            Shop: {
              options: { '(google.api.default_host)': 'shop.example' },
              methods: {
                Buy: {
                  requestType: 'Order',
                  responseType: 'Receipt',
                  parsedOptions: [{ '(google.api.http)': { post: '/buy' } }],
                },
              },
            },
            Order: {
              fields: {
                size: { type: 'Size', id: 1, options: { proto3_optional: true } },
                notes: { keyType: 'string', type: 'Note', id: 2 },
              },
              oneofs: { _size: { oneof: ['size'] } },
              nested: { Size: { values: { SMALL: 0 } } },
            },
            Note: { fields: { parent: { type: '.shop.Note', id: 1 }, at: { type: 'time.Stamp', id: 2 } } },
            Receipt: { fields: {} },
          },
        },
        time: { nested: { Stamp: { fields: { seconds: { type: 'int64', id: 1 } } } } },
      },
    });
  });

  it('names the methods of a service', () => {
    expect(methodsOf(DESCRIPTOR, 'shop.Shop')).toEqual(['Buy', 'Sell']);
  });

  it.each([
    [{ 'shop.Mall': ['Buy'] }, 'no service shop.Mall'],
    [{ 'shop.Shop': ['Steal'] }, 'no method Steal'],
  ])('fails on a service or method that is not there: %j', (services, message) => {
    expect(() => pruneProtos(DESCRIPTOR, services)).toThrow(message);
  });

  it('fails on a type that is not there', () => {
    const broken = { nested: { S: { methods: { M: { requestType: 'Gone', responseType: 'Gone' } } } } };

    expect(() => pruneProtos(broken, { S: ['M'] })).toThrow('The type Gone, named in S, is not in the descriptor.');
  });
});
