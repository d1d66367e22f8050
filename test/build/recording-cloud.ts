import { loadPackageDefinition, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, UntypedHandleCall } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs/light.js';
import { onTestFinished } from 'vitest';

const NODE_MODULES = fileURLToPath(new URL('../../node_modules/', import.meta.url));
const TIMESTAMP = { seconds: 1, nanos: 2 };
const ERROR_INFO = { reason: 'WORN_OUT', domain: 'tests.example', metadata: { part: 'bearing' } };

/** Values of every type, with 64-bit integers around the limits of what a double holds. */
const VALUES = {
  none: {},
  nothing: { nullValue: 'NULL_VALUE', excludeFromIndexes: true },
  yes: { booleanValue: true },
  small: { integerValue: '-1' },
  exact: { integerValue: '-9007199254740991' },
  large: { integerValue: '9007199254740993' },
  largest: { integerValue: '9223372036854775807' },
  least: { integerValue: '-9223372036854775808' },
  fraction: { doubleValue: 0.5 },
  time: { timestampValue: TIMESTAMP },
  key: { keyValue: { path: [{ kind: 'Kind', name: 'two' }] } },
  text: { stringValue: 'Grüße', meaning: 3 },
  empty: { stringValue: '' },
  bytes: { blobValue: Buffer.from('hi') },
  place: { geoPointValue: { latitude: 1.5, longitude: -2 } },
  entity: { entityValue: { properties: { inner: { stringValue: 'x' } } } },
  list: { arrayValue: { values: [{ stringValue: 'a' }, { arrayValue: {} }, { integerValue: '0' }] } },
};

export interface RecordingCloud {
  /** Addresses for the functions' environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The requests that reached the servers, oldest first. */
  readonly requests: unknown[];
}

/**
 * Starts servers for Datastore, Pub/Sub and Compute Engine with fixed responses and one error with details each. The
 * gRPC servers use the packages' whole descriptors, so that a client with pruned descriptors talks to an unpruned
 * server.
 */
export async function recordingCloud(): Promise<RecordingCloud> {
  const requests: unknown[] = [];
  const grpc = new Server();
  const contention = await errorDetails();
  await addService(grpc, '@google-cloud/datastore-api', 'google.datastore.v1.Datastore', {
    lookup: answering(requests, {
      found: [
        {
          entity: {
            key: {
              partitionId: { projectId: 'p' },
              path: [
                { kind: 'Kind', name: 'one' },
                { kind: 'Kind', id: 7 },
              ],
            },
            properties: VALUES,
          },
          version: '9007199254740995',
          updateTime: TIMESTAMP,
        },
      ],
    }),
    commit: answering(requests, { mutationResults: [{ version: 6 }], indexUpdates: 2, commitTime: TIMESTAMP }),
    runQuery: ({ request }: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>) => {
      requests.push(request);
      done({ code: status.ABORTED, details: 'too much contention', metadata: contention });
    },
  });
  await addService(grpc, '@google-cloud/pubsub-api', 'google.pubsub.v1.Publisher', {
    publish: answering(requests, { messageIds: ['m1'] }),
  });
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
  const rest = createServer((request, response) => {
    answerRest(requests, request, response).catch((thrown: unknown) => response.destroy(thrown as Error));
  });
  await new Promise<void>((resolve) => rest.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    grpc.forceShutdown();
    rest.close();
  });
  const address = rest.address();
  if (address === null || typeof address === 'string') throw new Error('The REST server has no port.');
  return {
    requests,
    environment: {
      DATASTORE_EMULATOR_HOST: `127.0.0.1:${grpcPort}`,
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${grpcPort}`,
      COMPUTE_EMULATOR_HOST: `127.0.0.1:${address.port}`,
    },
  };
}

function answering(requests: unknown[], answer: object) {
  return ({ request }: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>): void => {
    requests.push(request);
    done(null, answer);
  };
}

async function addService(
  server: Server,
  packageName: string,
  service: string,
  handlers: Record<string, UntypedHandleCall>,
): Promise<void> {
  const descriptor = await descriptorAt(`${packageName}/build/protos/protos.json`);
  const definitions = loadPackageDefinition(fromJSON(descriptor, { longs: String, enums: String, bytes: String }));
  let found: unknown = definitions;
  for (const part of service.split('.')) found = (found as Record<string, unknown>)[part];
  if (typeof found !== 'function' || !('service' in found)) throw new Error(`No service ${service}.`);
  server.addService(found.service as Parameters<Server['addService']>[0], handlers);
}

/** Returns the trailer in which Google's services send error details. */
async function errorDetails(): Promise<Metadata> {
  const root = protobuf.Root.fromJSON(await descriptorAt('google-gax/build/protos/status.json'));
  const info = root.lookupType('google.rpc.ErrorInfo');
  const rpcStatus = root.lookupType('google.rpc.Status');
  const value = info.encode(info.fromObject(ERROR_INFO)).finish();
  const details = [{ type_url: 'type.googleapis.com/google.rpc.ErrorInfo', value }];
  const metadata = new Metadata();
  const encoded = rpcStatus.encode(rpcStatus.fromObject({ code: status.ABORTED, message: 'x', details })).finish();
  metadata.set('grpc-status-details-bin', Buffer.from(encoded));
  return metadata;
}

/** Returns a package's own descriptor; protobuf.js throws if the file is none. */
async function descriptorAt(path: string): Promise<protobuf.INamespace> {
  return JSON.parse(await readFile(`${NODE_MODULES}${path}`, 'utf8')) as protobuf.INamespace;
}

async function answerRest(requests: unknown[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  requests.push({ method: request.method, url: request.url, body: text === '' ? null : (JSON.parse(text) as unknown) });
  const [code, body] = restAnswer(request.method ?? '', request.url ?? '');
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function restAnswer(method: string, url: string): readonly [status: number, body: object] {
  if (method === 'DELETE') {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', ...ERROR_INFO }];
    const errors = [{ message: 'refused', domain: 'global', reason: 'quotaExceeded' }];
    return [403, { error: { code: 403, message: 'refused', errors, status: 'PERMISSION_DENIED', details } }];
  }
  if (method === 'POST')
    return [200, { id: '12345678901234567', name: 'op', operationType: 'insert', status: 'RUNNING' }];
  if (url.includes('/aggregated/')) {
    return [200, { items: { 'zones/z': { instances: [{ name: 'vm', status: 'RUNNING' }] } } }];
  }
  if (url.includes('/operations/')) {
    const error = {
      errors: [{ code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'full', errorDetails: [{ errorInfo: ERROR_INFO }] }],
    };
    return [200, { name: 'op', status: 'DONE', progress: 100, httpErrorStatusCode: 503, error }];
  }
  const networkInterfaces = [{ networkIP: '10.0.0.2', accessConfigs: [{ natIP: '34.1.2.3', type: 'ONE_TO_ONE_NAT' }] }];
  return [
    200,
    {
      id: '18446744073709551615',
      name: 'vm',
      status: 'RUNNING',
      labels: { a: 'b', constructor: 'c' },
      disks: [{ boot: true, index: 0, diskSizeGb: '10' }],
      scheduling: { preemptible: false, maxRunDuration: { seconds: '3600', nanos: 1 } },
      resourcePolicies: [],
      networkInterfaces,
      aNewField: true,
    },
  ];
}
