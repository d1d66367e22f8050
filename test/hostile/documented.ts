import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { publicDocument } from '#scripts/generate/public-document.ts';
import { CONTRACTS, PAGES } from '#shared/contracts/index.ts';
import type { PlainAnswer } from '#test/support/http-client.ts';

/*
 * Decides whether a reply is one that the public document allows. The rules for all paths (404 for unknown paths, 405
 * with Allow for unknown methods, HEAD as GET without a body) stand in the document's introduction only, so they are
 * coded here.
 */

type Json = Readonly<Record<string, unknown>>;

interface Documented {
  readonly path: string;
  readonly pattern: RegExp;
  readonly item: Readonly<Record<string, { readonly responses: Readonly<Record<string, unknown>> }>>;
}

/** Methods that the gateway's document routes to the fallback functions. */
const ROUTED: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

const document = publicDocument(CONTRACTS, '1.0.0');

const ajv = new Ajv2020({ allErrors: false, strict: false, validateFormats: true });
addFormats.default(ajv);
ajv.addSchema({ $id: 'public', ...document });

const PATHS: readonly Documented[] = Object.entries(document.paths as unknown as Record<string, Documented['item']>)
  .map(([path, item]) => ({
    path,
    item,
    pattern: new RegExp(`^${path.replaceAll(/[.]/g, '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }))
  // Sorted by their number of parameters, so that a literal path matches before one with a parameter.
  .sort((a, b) => a.path.split('{').length - b.path.split('{').length);

/** The schema of each family's errors, by the beginning of its paths. Other paths get the gateway's own error. */
const ERROR_OF: readonly (readonly [RegExp, ValidateFunction])[] = [
  [/^\/api\/(compute|billing)\/v1(\/|$)/, ajv.compile({ $ref: 'public#/components/schemas/Problem' })],
  [/^\/(docs(\/.*)?|llms\.txt|health)?$/, ajv.compile({ $ref: 'public#/components/schemas/Problem' })],
  [/^\/v1(\/|$)/, ajv.compile({ $ref: 'public#/components/schemas/ResourceError' })],
  [/^\/v2(\/|$)/, ajv.compile({ $ref: 'public#/components/schemas/FleetError' })],
];
const GATEWAY_ERROR = ajv.compile({
  type: 'object',
  required: ['code', 'message'],
  properties: { code: { type: 'integer' }, message: { type: 'string' } },
});

const compiled = new Map<string, ValidateFunction>();

/**
 * Returns what is wrong with a reply; `undefined` if the document allows the reply. `path` is normalised as the gateway
 * normalises it.
 */
export function undocumented(method: string, path: string, answer: PlainAnswer): string | undefined {
  const { status } = answer;
  // 501 refuses what a spot instance cannot do; the fleet's original has it. Where it is not documented, it is a failure below.
  if (status >= 500 && status !== 501) return `${status}`;
  const known = PATHS.find(({ pattern }) => pattern.test(path));
  const asked = method === 'HEAD' ? 'get' : method.toLowerCase();
  const operation = METHODS.includes(asked) ? known?.item[asked] : undefined;
  if (operation === undefined) return notDefined(known, { method, path, answer });
  const response = resolved(operation.responses[String(status)] as Json | undefined);
  if (response === undefined) return `${status} is not documented for ${method} ${known?.path ?? path}`;
  return wrongBody(`${known?.path} ${asked} ${status}`, { response, method, answer });
}

/** Returns a response object, following a `#/components/responses/…` reference: error responses are shared that way. */
function resolved(response: Json | undefined): Json | undefined {
  const name = response?.['$ref'];
  if (typeof name !== 'string') return response;
  const shared = document.components['responses'] ?? {};
  return shared[name.slice(name.lastIndexOf('/') + 1)] as Json | undefined;
}

function notDefined(
  known: Documented | undefined,
  { method, path, answer }: { readonly method: string; readonly path: string; readonly answer: PlainAnswer },
): string | undefined {
  if (isPage(path) && answer.status < 400) return undefined;
  // If no path has the method, the gateway replies 405 without looking at the path.
  const expected = known === undefined && ROUTED.has(method) && !isPage(path) ? [404] : [404, 405];
  if (!expected.includes(answer.status)) return `${answer.status} for what is not defined: ${method} ${path}`;
  if (answer.status === 405 && answer.headers['allow'] === undefined && answer.body === undefined && method !== 'HEAD')
    return '405 without Allow';
  if (method === 'HEAD') return undefined;
  const validate = ERROR_OF.find(([prefix]) => prefix.test(path))?.[1] ?? GATEWAY_ERROR;
  if (validate(answer.body) || GATEWAY_ERROR(answer.body)) return undefined;
  return `${answer.status} without the envelope of its family: ${answer.text.slice(0, 200)}`;
}

/** Whether the path is a page of the documentation, which the API's documents do not contain. */
function isPage(path: string): boolean {
  return PAGES.some(
    ({ paths, prefixes }) => paths.includes(path) || prefixes.some((prefix) => `${path}/`.startsWith(`${prefix}/`)),
  );
}

function wrongBody(
  name: string,
  { response, method, answer }: { readonly response: Json; readonly method: string; readonly answer: PlainAnswer },
): string | undefined {
  const content = (response['content'] ?? {}) as Readonly<Record<string, { readonly schema: object }>>;
  if (answer.text === '') return method === 'HEAD' || isOptional(content) ? undefined : `${name} has no body`;
  const type = (answer.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  const entry = content[type];
  if (entry === undefined) return `${name} is of type ${type || 'none'}`;
  const validate = compiled.get(name) ?? ajv.compile(refersToDocument(entry.schema));
  compiled.set(name, validate);
  if (validate(answer.body)) return undefined;
  const [error] = validate.errors ?? [];
  return `${name}: ${error?.instancePath} ${error?.message}: ${answer.text.slice(0, 300)}`;
}

/** Whether the response may lack a body: a 202 has one only if the caller asked for the representation. */
function isOptional(content: Json): boolean {
  return Object.keys(content).length === 0 || 'application/json' in content;
}

function refersToDocument(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"public#/components/')) as object;
}
