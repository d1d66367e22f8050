import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs/light.js';
import type { INamespace, Service, Type } from 'protobufjs/light.js';

/**
 * Google's JSON descriptors: protobuf.js reads them in half the time that @grpc/proto-loader takes, which counts at
 * every start.
 */
const DESCRIPTORS = '@google-cloud/pubsub-api/build/protos/protos.json';

export interface PubSubServices {
  readonly publisher: ServiceDefinition;
  readonly subscriber: ServiceDefinition;
}

/** Returns Google's own descriptors of google.pubsub.v1 as definitions for a gRPC server. */
export function loadPubSubServices(): PubSubServices {
  const path = createRequire(import.meta.url).resolve(DESCRIPTORS);
  // The cast is safe: the file is the client library's descriptor set, and protobuf.js throws if it is not one.
  const root = protobuf.Root.fromJSON(JSON.parse(readFileSync(path, 'utf8')) as INamespace);
  return {
    publisher: definitionOf(root.lookupService('google.pubsub.v1.Publisher')),
    subscriber: definitionOf(root.lookupService('google.pubsub.v1.Subscriber')),
  };
}

function definitionOf(service: Service): ServiceDefinition {
  const methods = service.methodsArray.map((method): [string, MethodDefinition<object, object>] => {
    method.resolve();
    const { resolvedRequestType: request, resolvedResponseType: response } = method;
    if (request === null || response === null) throw new Error(`${method.fullName} names a message that is not there.`);
    return [
      method.name,
      {
        path: `/${service.fullName.slice(1)}/${method.name}`,
        originalName: method.name.charAt(0).toLowerCase() + method.name.slice(1),
        requestStream: method.requestStream === true,
        responseStream: method.responseStream === true,
        requestSerialize: encoder(request),
        requestDeserialize: decoder(request),
        responseSerialize: encoder(response),
        responseDeserialize: decoder(response),
      },
    ];
  });
  return Object.fromEntries(methods);
}

function encoder(type: Type): (value: object) => Buffer {
  return (value) => Buffer.from(type.encode(type.fromObject(value)).finish());
}

function decoder(type: Type): (bytes: Buffer) => object {
  return (bytes) => type.toObject(type.decode(bytes), { longs: Number, enums: String, defaults: true });
}
