import type { TSchema } from 'typebox';
import type { Answer, Contract, Example } from '#shared/contracts/contract.ts';
import { type ErrorComponents, errorComponents } from './error-components.ts';
import { underscored } from './function-names.ts';
import { referenceTo, referredSchemas } from './named-schemas.ts';
import { plainSchema, type PlainSchema } from './plain-schema.ts';
import { HEADERS, REQUEST_HEADERS } from './public-headers.ts';
import { type Parameter, SharedParameters } from './shared-parameters.ts';
import { withPortablePatterns } from './portable-patterns.ts';
import { TAGS } from './public-texts.ts';
import { INTRODUCTION } from './public-introduction.ts';

type Json = Readonly<Record<string, unknown>>;

/** The parts of an OpenAPI 3.1 document that the generator reads. */
export interface PublicDocument {
  readonly openapi: string;
  readonly info: Json;
  readonly servers: readonly Json[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly security: readonly Json[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>;
  /** Components by kind and name. */
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Returns all endpoints in one document, from which the documents for users are made. */
export function publicDocument(contracts: readonly Contract[], version: string): PublicDocument {
  const names = new Set(contracts.map(({ tag }) => tag));
  const shared: Shared = {
    errors: errorComponents(contracts),
    parameters: new SharedParameters(contracts.flatMap(parametersOf)),
  };
  const paths = Map.groupBy(contracts, ({ path }) => path);
  const documented = Object.fromEntries(
    [...paths].map(([path, these]) => [
      path,
      Object.fromEntries(these.map((contract) => [contract.method.toLowerCase(), operation(contract, shared)])),
    ]),
  );
  return withPortablePatterns({
    openapi: '3.1.0',
    info: {
      title: 'Compute API',
      summary: 'Self-service virtual machines.',
      description: INTRODUCTION,
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Where this document was read from.' }],
    tags: TAGS.filter(({ name }) => names.has(name)),
    // Every family accepts each of these credentials.
    security: [{ bearer: [] }, { apiKey: [], apiSecret: [] }, { oneStringKey: [] }],
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
      parameters: shared.parameters.components,
      examples: shared.errors.examples,
      responses: shared.errors.responses,
      schemas: referredSchemas([documented, shared.errors.responses]),
    },
  });
}

/** The components that a document's operations share. */
interface Shared {
  readonly errors: ErrorComponents;
  readonly parameters: SharedParameters;
}

function parametersOf(contract: Contract): readonly Parameter[] {
  return [
    ...parametersIn('path', plainSchema(contract.params)),
    ...parametersIn('query', plainSchema(contract.query)),
    ...requestHeaders(contract),
  ];
}

function operation(contract: Contract, { errors, parameters: shared }: Shared): Json {
  const parameters = parametersOf(contract).map((parameter) => shared.referenceTo(parameter));
  return {
    operationId: underscored(contract.name),
    tags: [contract.tag],
    summary: contract.summary,
    description: contract.description,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(contract.body === null ? {} : { requestBody: requestBody(contract, contract.body) }),
    responses: { ...responses(contract), ...errors.of(contract) },
  };
}

function parametersIn(place: 'path' | 'query', schema: PlainSchema): readonly Parameter[] {
  return Object.entries(schema.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || (schema.required?.includes(name) === true && rest.default === undefined),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function requestHeaders(contract: Contract): readonly Parameter[] {
  const prefers = contract.success.some(({ preferredBody }) => preferredBody !== undefined);
  return [
    ...(contract.idempotent ? [REQUEST_HEADERS.idempotencyKey] : []),
    ...(prefers ? [REQUEST_HEADERS.prefer] : []),
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
  return Object.fromEntries(entries);
}

function success(contract: Contract, answer: Answer, first: boolean): Json {
  const body = answer.body ?? answer.preferredBody;
  const own = Object.entries(answer.headers ?? {}).map(([name, description]) => [
    name,
    name in HEADERS ? { $ref: `#/components/headers/${name}` } : { description, schema: { type: 'string' } },
  ]);
  const examples = (contract.examples ?? []).filter(
    (example) =>
      example.answer !== undefined && (example.status === answer.status || (first && example.status === undefined)),
  );
  return {
    description: answer.description,
    headers: {
      ...(contract.idempotent ? headerReferences(['idempotency-replayed']) : {}),
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
