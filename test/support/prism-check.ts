import { getHttpOperationsFromSpec } from '@stoplight/prism-http';
import { validateOutput } from '@stoplight/prism-http/dist/validator/index.js';
import { fileURLToPath } from 'node:url';
import type { PlainAnswer, PlainRequest } from './http-client.ts';

type Operations = Awaited<ReturnType<typeof getHttpOperationsFromSpec>>;

const DOCUMENTS = fileURLToPath(new URL('../../infra/generated/openapi/', import.meta.url));
const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PATCH', 'DELETE']);

/**
 * Checks responses with the validator of Prism's validating proxy, against the documents that users read. The proxy itself
 * is left out, because its HTTP library could not send every request of a walk. Each documented response is checked once,
 * since Prism compiles its schema for every check; operations with equal responses share them.
 */
export class PrismCheck {
  readonly #operations: ReadonlyMap<string, Operations[number]>;
  readonly #checked = new Set<string>();

  private constructor(operations: Operations) {
    this.#operations = new Map(operations.map((operation) => [`${operation.method} ${operation.path}`, operation]));
  }

  static async open(): Promise<PrismCheck> {
    const names = ['compute', 'resource', 'fleet', 'admin'];
    const all = await Promise.all(names.map((name) => getHttpOperationsFromSpec(`${DOCUMENTS}${name}.json`)));
    return new PrismCheck(all.flat());
  }

  /** How many different responses have been checked. */
  get checked(): number {
    return this.#checked.size;
  }

  /** Returns what the document does not promise. Answers to other paths than the endpoint's own `template` are not checked. */
  violations(template: string, { method, path }: PlainRequest, answer: PlainAnswer): readonly string[] {
    const { status, headers, body, text } = answer;
    const [pathname = ''] = path.split('?');
    if (!METHODS.has(method) || !isAt(template, pathname)) return [];
    const key = `${method.toLowerCase()} ${template}`;
    const resource = this.#operations.get(key);
    // A fallback answers, or the body is left out as the request did not prefer one, which OpenAPI cannot express.
    if (resource === undefined || (status === 202 && text === '')) return [];
    const documented = resource.responses.find(({ code }) => code === String(status));
    if (documented === undefined) return [`${key} does not document ${status}`];
    const content = JSON.stringify(
      documented.contents?.map(({ mediaType, schema }) => ({ mediaType, schema })),
      // Prism numbers what it reads.
      (name, value: unknown) => (name === 'x-stoplight' ? undefined : value),
    );
    if (this.#checked.has(content)) return [];
    this.#checked.add(content);
    const result = validateOutput({ resource, element: { statusCode: status, headers, body } });
    return '_tag' in result && result._tag === 'Left' ? result.left.map(({ message }) => `${status}: ${message}`) : [];
  }
}

function isAt(template: string, path: string): boolean {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[A-Za-z0-9_-]+')}$`).test(path);
}
