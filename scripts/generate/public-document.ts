import type { TSchema } from 'typebox';
import type { Answer, Contract, Example } from '#shared/contracts/contract.ts';
import type { FailureKind } from '#shared/domain/failure.ts';
import { familyDocument } from './family-document.ts';
import { underscored } from './function-names.ts';
import { referenceTo, referredSchemas } from './named-schemas.ts';
import { plainSchema, type PlainSchema } from './plain-schema.ts';
import { ALWAYS_HEADERS, HEADERS, REQUEST_HEADERS } from './public-headers.ts';
import { TAGS } from './public-texts.ts';
import { INTRODUCTION } from './public-introduction.ts';

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document for those who use the API. */
export function publicDocument(contracts: readonly Contract[], version: string): Json {
  const names = new Set(contracts.map(({ tag }) => tag));
  const paths = Map.groupBy(contracts, ({ path }) => path);
  const documented = Object.fromEntries(
    [...paths].map(([path, these]) => [
      path,
      Object.fromEntries(these.map((contract) => [contract.method.toLowerCase(), operation(contract)])),
    ]),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Compute API',
      summary: 'Self-service virtual machines.',
      description: INTRODUCTION,
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [
      {
        url: 'https://{gateway}',
        description: 'A deployment, behind its gateway.',
        variables: { gateway: { default: 'localhost', description: 'Host name of the gateway.' } },
      },
      { url: 'http://127.0.0.1:8080', description: 'The local cloud.' },
    ],
    tags: TAGS.filter(({ name }) => names.has(name)),
    security: familyDocument('compute').security,
    paths: documented,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'Recommended: a session token, a signed token (JWT), or a key in one string.',
        },
        apiKey: {
          type: 'apiKey',
          in: 'header',
          name: 'api-key',
          description: 'Recommended: id of a key pair; with `api-secret`.',
        },
        apiSecret: { type: 'apiKey', in: 'header', name: 'api-secret', description: 'Secret of the key pair.' },
        oneStringKey: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description: `Both halves of a key pair in one string: id, \`_\`, secret. For programs that can send nothing else: gateways treat
this header as an API key of their own and may log its value. Send a bearer token or the pair instead.`,
        },
      },
      headers: HEADERS,
      schemas: referredSchemas(documented),
    },
  };
}

function operation(contract: Contract): Json {
  const parameters = [
    ...parametersIn('path', plainSchema(contract.params)),
    ...parametersIn('query', plainSchema(contract.query)),
    ...requestHeaders(contract),
  ];
  return {
    operationId: underscored(contract.name),
    tags: [contract.tag],
    summary: contract.summary,
    description: contract.description,
    ...(contract.family === 'compute' ? {} : { security: familyDocument(contract.family).security }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(contract.body === null ? {} : { requestBody: requestBody(contract, contract.body) }),
    responses: responses(contract),
  };
}

function parametersIn(place: 'path' | 'query', schema: PlainSchema): Json[] {
  return Object.entries(schema.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || (schema.required?.includes(name) === true && rest.default === undefined),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function requestHeaders(contract: Contract): Json[] {
  const prefers = contract.success.some(({ preferredBody }) => preferredBody !== undefined);
  return [
    ...(contract.idempotent ? [REQUEST_HEADERS.idempotencyKey] : []),
    ...(prefers ? [REQUEST_HEADERS.prefer] : []),
    REQUEST_HEADERS.requestId,
  ];
}

function requestBody(contract: Contract, body: TSchema): Json {
  const examples = (contract.examples ?? []).filter((example) => example.body !== undefined);
  return {
    required: true,
    content: { 'application/json': { schema: referenceTo(plainSchema(body)), ...examplesOf(examples, 'body') } },
  };
}

function responses(contract: Contract): Json {
  const entries: [string, Json][] = contract.success.map((answer, index) => [
    String(answer.status),
    success(contract, answer, index === 0),
  ]);
  const { failureStatus } = familyDocument(contract.family);
  const failures = Map.groupBy(contract.failures, (kind) => failureStatus[kind]);
  for (const [status, kinds] of [...failures].sort(([a], [b]) => a - b)) {
    entries.push([String(status), failure(contract, status, kinds)]);
  }
  return Object.fromEntries(entries);
}

function success(contract: Contract, answer: Answer, first: boolean): Json {
  const body = answer.body ?? answer.preferredBody;
  const own = Object.entries(answer.headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  const examples = (contract.examples ?? []).filter(
    (example) =>
      example.answer !== undefined && (example.status === answer.status || (first && example.status === undefined)),
  );
  return {
    description: answer.description,
    headers: {
      ...headerReferences([
        ...ALWAYS_HEADERS,
        ...limitHeaders(contract),
        ...(contract.idempotent ? ['idempotency-replayed'] : []),
      ]),
      ...Object.fromEntries(own),
    },
    ...(body === undefined
      ? {}
      : {
          content: {
            'application/json': { schema: referenceTo(plainSchema(body)), ...examplesOf(examples, 'answer') },
          },
        }),
  };
}

function failure(contract: Contract, status: number, kinds: readonly FailureKind[]): Json {
  const { error, whatFailed } = familyDocument(contract.family);
  const retry = status === 429 || status === 503 || (status === 409 && contract.idempotent);
  return {
    description: kinds.map((kind) => whatFailed[kind]).join('\n\n'),
    headers: headerReferences([
      ...ALWAYS_HEADERS,
      ...limitHeaders(contract),
      ...error.headers,
      ...(retry ? ['Retry-After'] : []),
    ]),
    content: {
      [error.contentType]: {
        schema: { $ref: `#/components/schemas/${error.schema}` },
        examples: Object.fromEntries(kinds.map((kind) => [kind, { value: error.example(kind, status) }])),
      },
    },
  };
}

function limitHeaders(contract: Contract): readonly string[] {
  const { limited, unlimited } = familyDocument(contract.family).limitHeaders;
  return contract.limit === null ? unlimited : limited;
}

function headerReferences(names: readonly string[]): Json {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function examplesOf(examples: readonly Example[], part: 'body' | 'answer'): Json {
  if (examples.length === 0) return {};
  return {
    examples: Object.fromEntries(
      examples.map((example, index) => [`example${index + 1}`, { summary: example.summary, value: example[part] }]),
    ),
  };
}
