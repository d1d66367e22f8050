/**
 * Reduces a protobuf.js JSON descriptor to what a few methods can reach.
 *
 * Google's packages ship one descriptor for every service of an API (Compute's is 12 MB), and each client parses all of
 * it before the first request. Starting from the methods that are called, this follows request and response types, the
 * types of their fields, and the types nested in those, and keeps nothing else.
 */

type Json = Readonly<Record<string, unknown>>;

/** Fully qualified service name → the names of its methods, as written in the .proto file (`Lookup`). */
export type ServiceMethods = Readonly<Record<string, readonly string[]>>;

interface Node {
  readonly json: Json;
  readonly parent: Node | undefined;
  readonly nested: ReadonlyMap<string, Node>;
  readonly fullName: string;
}

const SCALARS = new Set([
  'double',
  'float',
  'int32',
  'uint32',
  'sint32',
  'fixed32',
  'sfixed32',
  'int64',
  'uint64',
  'sint64',
  'fixed64',
  'sfixed64',
  'bool',
  'string',
  'bytes',
]);

/** The REST transport reads a method's path from this option; gRPC does not use it. */
const HTTP_RULE = '(google.api.http)';

/**
 * Returns the smallest descriptor with which `services` can be called over gRPC and over REST. Throws if a service, a
 * method or a type is not found, because the package then differs from the one that this code expects.
 */
export function pruneProtos(descriptor: unknown, services: ServiceMethods): Json {
  const root = nodeOf(record(descriptor, 'the descriptor'), undefined, '');
  const kept = new Map<Node, Json>();
  const queue: Node[] = [];
  const keep = (node: Node): void => {
    if (kept.has(node)) return;
    kept.set(node, withoutNested(node.json));
    queue.push(node);
  };

  for (const [serviceName, methods] of Object.entries(services)) {
    const service = find(root, serviceName);
    if (service?.json['methods'] === undefined) throw new Error(`The descriptor has no service ${serviceName}.`);
    kept.set(
      service,
      prunedService(service, methods, (type) => keep(resolved(service, type))),
    );
  }
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    for (const type of fieldTypes(node.json)) keep(resolved(node, type));
  }
  return rebuilt(root, kept) ?? {};
}

/** Returns the names of all methods of a service, as written in the .proto file. */
export function methodsOf(descriptor: unknown, service: string): readonly string[] {
  const node = find(nodeOf(record(descriptor, 'the descriptor'), undefined, ''), service);
  return Object.keys(record(node?.json['methods'], `the methods of ${service}`));
}

function nodeOf(json: Json, parent: Node | undefined, fullName: string): Node {
  const nested = new Map<string, Node>();
  const node: Node = { json, parent, nested, fullName };
  for (const [name, child] of Object.entries(record(json['nested'] ?? {}, fullName))) {
    nested.set(name, nodeOf(record(child, name), node, fullName === '' ? name : `${fullName}.${name}`));
  }
  return node;
}

/** Returns the service with the named methods only, and passes their types to `reach`. */
function prunedService(service: Node, methods: readonly string[], reach: (type: string) => void): Json {
  const all = record(service.json['methods'], service.fullName);
  const chosen: Record<string, Json> = {};
  for (const name of methods) {
    if (all[name] === undefined) throw new Error(`The service ${service.fullName} has no method ${name}.`);
    const method = record(all[name], name);
    reach(text(method['requestType'], name));
    reach(text(method['responseType'], name));
    const rules = Array.isArray(method['parsedOptions'])
      ? method['parsedOptions'].filter((option: unknown) => HTTP_RULE in record(option, name))
      : [];
    chosen[name] = { ...without(method, ['options', 'comment']), parsedOptions: rules };
  }
  const host = record(service.json['options'] ?? {}, service.fullName)['(google.api.default_host)'];
  return { ...(host === undefined ? {} : { options: { '(google.api.default_host)': host } }), methods: chosen };
}

function fieldTypes(json: Json): string[] {
  return Object.values(record(json['fields'] ?? {}, 'fields'))
    .map((field) => text(record(field, 'field')['type'], 'field'))
    .filter((type) => !SCALARS.has(type));
}

/** Finds a type as protobuf does: in the innermost scope first, then outwards; a leading dot means from the root. */
function resolved(from: Node, type: string): Node {
  if (type.startsWith('.')) {
    const found = find(rootOf(from), type.slice(1));
    if (found !== undefined) return found;
  } else {
    for (let scope: Node | undefined = from; scope !== undefined; scope = scope.parent) {
      const found = find(scope, type);
      if (found !== undefined) return found;
    }
  }
  throw new Error(`The type ${type}, named in ${from.fullName}, is not in the descriptor.`);
}

function find(scope: Node, path: string): Node | undefined {
  let node: Node | undefined = scope;
  for (const part of path.split('.')) node = node?.nested.get(part);
  return node;
}

function rootOf(node: Node): Node {
  let root = node;
  while (root.parent !== undefined) root = root.parent;
  return root;
}

/**
 * Returns the type without its nested types, which are kept only if a field or method refers to them, and without
 * comments and the options that encoders do not read.
 */
function withoutNested(json: Json): Json {
  const rest = without(json, ['nested', 'options', 'comment']);
  if (rest['fields'] === undefined) return rest;
  return {
    ...rest,
    fields: Object.fromEntries(
      Object.entries(record(rest['fields'], 'fields')).map(([name, field]) => [name, prunedField(record(field, name))]),
    ),
  };
}

/**
 * Removes custom options (in parentheses), which describe a field to people and generators; encoders read only built-in
 * ones.
 */
function prunedField(field: Json): Json {
  const rest = without(field, ['options', 'comment']);
  const entries = Object.entries(record(field['options'] ?? {}, 'options')).filter(([name]) => !name.startsWith('('));
  return entries.length === 0 ? rest : { ...rest, options: Object.fromEntries(entries) };
}

function rebuilt(node: Node, kept: ReadonlyMap<Node, Json>): Json | undefined {
  const nested = [...node.nested]
    .map(([name, child]) => [name, rebuilt(child, kept)] as const)
    .filter(([, child]) => child !== undefined);
  const own = kept.get(node);
  if (own === undefined && nested.length === 0) return undefined;
  return { ...own, ...(nested.length === 0 ? {} : { nested: Object.fromEntries(nested) }) };
}

function without(json: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(json).filter(([key]) => !keys.includes(key)));
}

function record(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`Expected ${what} to be an object.`);
  }
  return Object.fromEntries(Object.entries(value));
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`Expected the type of ${what} to be text.`);
  return value;
}
