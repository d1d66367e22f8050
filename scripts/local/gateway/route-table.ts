/**
 * Finds the operation of the gateway's OpenAPI document for a request, by ESPv2's rules: method and the most specific
 * template decide. A path that exists only with other methods is a 405 that names the template; any other path is a
 * 404.
 */

/** An operation of the document. */
export interface Route {
  readonly method: string;
  readonly template: string;
  /** Empty if the document gives none. */
  readonly operationId: string;
  /** Name of the function: `compute-instances-create`. */
  readonly backend: string;
  readonly deadlineMs: number;
}

export type RouteMatch =
  | { readonly outcome: 'matched'; readonly route: Route }
  | { readonly outcome: 'method_not_allowed'; readonly template: string }
  | { readonly outcome: 'not_found' };

/** ESPv2's default for backends without a deadline. */
const DEFAULT_DEADLINE_SECONDS = 15;

const METHODS: ReadonlySet<string> = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch']);

/** `${compute_instances_create}`, which Terraform replaces by the function's address. */
const BACKEND_VARIABLE = /^\$\{([a-z][a-z0-9_]*)\}$/;

interface Compiled {
  readonly route: Route;
  readonly pattern: RegExp;
  /** Sort key, smaller first: literal segments before parameters before wildcards. */
  readonly rank: string;
}

export class RouteTable {
  readonly #compiled: readonly Compiled[];

  /** Reads `document`, a parsed OpenAPI 2.0 document. Throws if the gateway would not accept it. */
  constructor(document: unknown) {
    this.#compiled = routesOf(document)
      .map((route) => ({ route, pattern: patternOf(route.template), rank: rankOf(route.template) }))
      .sort((a, b) => (a.rank < b.rank ? -1 : Number(a.rank > b.rank)));
  }

  get routes(): readonly Route[] {
    return this.#compiled.map(({ route }) => route);
  }

  /** Finds the route; `path` has no query and the form that `normalPath` returns. */
  match(method: string, path: string): RouteMatch {
    let known: string | undefined;
    for (const { route, pattern } of this.#compiled) {
      if (!pattern.test(path)) continue;
      if (route.method === method) return { outcome: 'matched', route };
      known ??= route.template;
    }
    return known === undefined ? { outcome: 'not_found' } : { outcome: 'method_not_allowed', template: known };
  }
}

/** Returns the path as Envoy forwards it: repeated slashes merged, `.` and `..` resolved, escapes unchanged. */
export function normalPath(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  segments.forEach((segment, index) => {
    const dots = segment.replaceAll(/%2e/gi, '.');
    const last = index === segments.length - 1;
    if (dots === '..') kept.pop();
    if (dots === '.' || dots === '..') {
      if (last) kept.push('');
    } else if (segment !== '' || last) {
      kept.push(segment);
    }
  });
  return `/${kept.join('/')}`;
}

function routesOf(document: unknown): Route[] {
  const root = record(document, 'document');
  if (root['swagger'] !== '2.0') throw new Error('The gateway document must be OpenAPI 2.0.');
  const base = typeof root['basePath'] === 'string' ? root['basePath'].replace(/\/$/, '') : '';
  const routes: Route[] = [];
  for (const [path, item] of Object.entries(record(root['paths'], 'paths'))) {
    for (const [method, operation] of Object.entries(record(item, path))) {
      if (!METHODS.has(method)) continue;
      const where = `${method.toUpperCase()} ${path}`;
      const { operationId, ...members } = record(operation, where);
      const backend = record(members['x-google-backend'] ?? root['x-google-backend'], `x-google-backend of ${where}`);
      routes.push({
        method: method.toUpperCase(),
        template: base + path,
        operationId: typeof operationId === 'string' ? operationId : '',
        backend: functionNameOf(backend['address'], where),
        deadlineMs: 1000 * (typeof backend['deadline'] === 'number' ? backend['deadline'] : DEFAULT_DEADLINE_SECONDS),
      });
      if (backend['path_translation'] !== 'APPEND_PATH_TO_ADDRESS') {
        throw new Error(`${where}: only path_translation APPEND_PATH_TO_ADDRESS is supported.`);
      }
    }
  }
  return routes;
}

function functionNameOf(address: unknown, where: string): string {
  const name = typeof address === 'string' ? BACKEND_VARIABLE.exec(address)?.[1] : undefined;
  if (name === undefined) throw new Error(`${where}: the backend address must be a template variable.`);
  return name.replaceAll('_', '-');
}

type SegmentKind = 'literal' | 'parameter' | 'wildcard';

function kindOf(segment: string): SegmentKind {
  if (segment === '**' || segment.endsWith('=**}')) return 'wildcard';
  if (segment === '*' || (segment.startsWith('{') && segment.endsWith('}'))) return 'parameter';
  if (/[{}*]/.test(segment)) throw new Error(`"${segment}": a path parameter must be a whole segment.`);
  return 'literal';
}

function patternOf(template: string): RegExp {
  const parts = template
    .split('/')
    .slice(1)
    .map((segment) => {
      const kind = kindOf(segment);
      if (kind === 'wildcard') return '/.*';
      return kind === 'parameter' ? '/[^/]+' : `/${segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`;
    });
  return new RegExp(`^${parts.join('')}$`);
}

const SEGMENT_RANKS: Readonly<Record<SegmentKind, string>> = { literal: '0', parameter: '1', wildcard: '2' };

function rankOf(template: string): string {
  const kinds = template.split('/').slice(1).map(kindOf);
  // `/a/b/c` ('000') sorts before `/a/*` ('02'): a literal ('0') or a parameter ('1') ranks before a wildcard ('2').
  return kinds.map((kind) => SEGMENT_RANKS[kind]).join('');
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`The gateway document has no ${where}.`);
  }
  return value as Record<string, unknown>;
}
