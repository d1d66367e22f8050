import protobuf from 'protobufjs';
import { readerText } from './message-readers.ts';
import { pruneProtos, type ServiceMethods } from './prune-protos.ts';

/**
 * How a package's clients send messages: gRPC encodes and decodes bytes; REST converts objects and leaves the JSON to a
 * library.
 */
export type Transport = 'grpc' | 'rest';

type Codec = 'encode' | 'read' | 'fromObject' | 'toObject';

const MAKERS: Readonly<Record<Codec, (type: protobuf.Type) => unknown>> = {
  encode: (type) => protobuf.encoder(type),
  read: (type) => readerText(type),
  fromObject: (type) => protobuf.converter.fromObject(type),
  toObject: (type) => protobuf.converter.toObject(type),
};

/** The conversions that each transport needs, for requests and for responses. */
const CODECS: Readonly<Record<Transport, { readonly request: readonly Codec[]; readonly response: readonly Codec[] }>> =
  {
    grpc: { request: ['fromObject', 'encode'], response: ['read'] },
    rest: { request: ['fromObject'], response: ['fromObject', 'toObject'] },
  };

/** protobuf.js treats this type in a special way at run time, which generated code does not do. */
const SPECIAL = '.google.protobuf.Any';

/**
 * Returns the source of a module that replaces a package's protos.json. protobuf.js normally generates an encoder and a
 * decoder as text when a type is first used; here its own generators run during the build, so that the text is
 * compiled, minified and cached with everything else.
 *
 * Neither transport needs a descriptor or protobuf.js's reflection. Over gRPC the module has all that is needed. Over
 * REST, Google's serializer converts between messages and JSON; the module tells it the fields of each type.
 */
export function protosModule(descriptor: unknown, services: ServiceMethods, transport: Transport): string {
  const root = rootOf(pruneProtos(descriptor, services));
  const names = Object.keys(services);
  const uses = usesOf(root, names, CODECS[transport]);
  const places = placesOf(uses);
  return transport === 'grpc' ? grpcModule(root, names, { uses, places }) : restModule(root, names, { uses, places });
}

function rootOf(pruned: protobuf.INamespace): protobuf.Root {
  const root = protobuf.Root.fromJSON(structuredClone(pruned));
  root.resolveAll();
  return root;
}

type Uses = ReadonlyMap<protobuf.Type, ReadonlySet<Codec>>;

/** The index of each type and enum in the array `t` of a generated module: first the enums. */
type Places = ReadonlyMap<protobuf.ReflectionObject, number>;

interface Types {
  readonly uses: Uses;
  readonly places: Places;
}

/** Returns the types that requests and responses reach, with the conversions that each needs. */
function usesOf(root: protobuf.Root, services: readonly string[], codecs: (typeof CODECS)[Transport]): Uses {
  const uses = new Map<protobuf.Type, Set<Codec>>();
  const reach = (type: protobuf.Type | null, wanted: readonly Codec[]): void => {
    if (type === null) throw new Error('A method has no resolved type.');
    if (type.fullName === SPECIAL) {
      if (codecs === CODECS.rest) return;
      throw new Error(`${SPECIAL} is reached, for which no code can be generated.`);
    }
    const known = uses.get(type) ?? new Set<Codec>();
    if (wanted.every((codec) => known.has(codec))) return;
    for (const codec of wanted) known.add(codec);
    uses.set(type, known);
    for (const { resolvedType } of type.fieldsArray)
      if (resolvedType instanceof protobuf.Type) reach(resolvedType, wanted);
  };
  for (const service of services) {
    for (const method of root.lookupService(service).methodsArray) {
      reach(method.resolvedRequestType, codecs.request);
      reach(method.resolvedResponseType, codecs.response);
    }
  }
  return uses;
}

function placesOf(uses: Uses): Places {
  const enums = new Set<protobuf.Enum>();
  for (const type of uses.keys()) {
    for (const { resolvedType } of type.fieldsArray) if (resolvedType instanceof protobuf.Enum) enums.add(resolvedType);
  }
  return new Map([...enums, ...uses.keys()].map((item, place) => [item as protobuf.ReflectionObject, place]));
}

/** Returns the source that makes the array `t`: enums, and types with their conversions. */
function typesText({ uses, places }: Types): string {
  const enums = [...places.keys()].filter((item) => item instanceof protobuf.Enum);
  const types = [...uses].map(([type, codecs]) => {
    const fields = type.fieldsArray.map(({ resolvedType }) =>
      resolvedType === null ? '' : placeText(resolvedType, places),
    );
    return `define(${placeText(type, places)}, ${namesOf(type, 'map')}, ${namesOf(type, 'repeated')}, (types) => ({
${[...codecs].map((codec) => `${codec}: ${withoutPrototypes(String(MAKERS[codec](type)))}`).join(',\n')}
}), [${fields.map((field) => `${field},`).join('')}]);`;
  });
  return `const { Reader, Writer, util } = require('protobufjs/minimal.js');
const t = [${enums.map((item) => `enumOf(${JSON.stringify(item.values)})`).join(', ')}];
for (let place = t.length; place < ${places.size}; place += 1) t[place] = {};
function enumOf(values) {
  const names = {};
  for (const name in values) names[values[name]] ??= name;
  return { values: Object.assign(Object.create(names), values), valuesById: names };
}
const noBytes = util.newBuffer([]);
function named(type, value) {
  return type.valuesById[value] ?? value;
}
function longText(value) {
  if (typeof value === 'number') return String(value);
  // A double holds it exactly, and is far quicker to write than a Long.
  if (value.high >= -0x100000 && value.high < 0x100000) return String(value.high * 0x100000000 + (value.low >>> 0));
  return value.toString();
}
function define(type, maps, lists, codecs, types) {
  type.ctor = function () {
    for (let i = 0; i < maps.length; i += 1) this[maps[i]] = {};
    for (let i = 0; i < lists.length; i += 1) this[lists[i]] = [];
  };
  Object.assign(type, codecs(types));
}
${types.join('\n')}
`;
}

function placeText(item: protobuf.ReflectionObject | null, places: Places): string {
  const place = item === null ? undefined : places.get(item);
  return place === undefined ? 'unknown' : `t[${place}]`;
}

function grpcModule(root: protobuf.Root, services: readonly string[], types: Types): string {
  const { places } = types;
  const definitions = services.map((name) => {
    const methods = root.lookupService(name).methodsArray.map((method) => {
      const request = placeText(method.resolvedRequestType, places);
      const response = placeText(method.resolvedResponseType, places);
      return `${method.name}: method(${JSON.stringify(`/${name}/${method.name}`)}, ${JSON.stringify(camelCase(method.name))}, ${request}, ${response})`;
    });
    return `${JSON.stringify(name)}: { ${methods.join(', ')} }`;
  });
  return `${typesText(types)}
function method(path, originalName, request, response) {
  return {
    path, originalName, requestStream: false, responseStream: false,
    requestSerialize: (message) => request.encode(request.fromObject(message)).finish(),
    responseDeserialize: (bytes) => response.read(Reader.create(bytes), bytes.length),
  };
}
exports.packageDefinition = { ${definitions.join(',\n')} };
`;
}

/**
 * Messages made by reflection inherit default values, so protobuf.js checks which members are a message's own.
 * Generated messages inherit nothing, so the check is removed.
 */
function withoutPrototypes(code: string): string {
  return code.replaceAll(/(m\.\w+)!=null&&Object\.hasOwnProperty\.call\(m,"\w+"\)/g, '$1!=null');
}

/**
 * The REST transport gets the services when it asks for those of the descriptor, whose place the module takes. Types have
 * the members of protobuf.js's types that it and Google's serializer read; their fields are listed at first use.
 */
function restModule(root: protobuf.Root, services: readonly string[], types: Types): string {
  const { uses, places } = types;
  const described = [...uses.keys()].map(
    (type) =>
      `describe(${placeText(type, places)}, ${JSON.stringify(type.fullName.slice(1))}, ${fieldsText(type, places)});`,
  );
  const definitions = services.map((name) => {
    const service = root.lookupService(name);
    const methods = service.methodsArray.map((method) => {
      const request = placeText(method.resolvedRequestType, places);
      const response = placeText(method.resolvedResponseType, places);
      const rules = (method as { readonly parsedOptions?: unknown }).parsedOptions ?? [];
      return `${method.name}: { name: ${JSON.stringify(method.name)}, parsedOptions: ${JSON.stringify(rules)}, resolvedRequestType: ${request}, resolvedResponseType: ${response} }`;
    });
    const options = JSON.stringify(service.options ?? {});
    return `${JSON.stringify(name)}: { name: ${JSON.stringify(service.name)}, options: ${options}, methods: { ${methods.join(', ')} }, resolveAll() {} }`;
  });
  return `const { GrpcClient } = require('google-gax/fallback');
const top = {};
const unknown = {
  name: ${JSON.stringify(SPECIAL.slice(1))}, parent: top, resolveAll() {}, fields: {},
  root: { lookupType(name) { throw new Error('no such type: ' + name); } },
  fromObject: (value) => value, toObject: (value) => value,
};
${typesText(types)}
function describe(type, name, list) {
  Object.assign(type, { name, parent: top, resolveAll() {} });
  type.ctor.prototype.$type = type;
  let fields;
  Object.defineProperty(type, 'fields', { get: () => (fields ??= fieldsOf(list)) });
}
function fieldsOf(list) {
  const fields = Object.create(null);
  for (const item of list === '' ? [] : list.split(',')) {
    const [name, type, rule] = item.split(' ');
    const resolvedType = type === '?' ? unknown : t[type] ?? null;
    fields[name] = { name, type: resolvedType === null ? type : 'message', resolvedType, map: rule === 'map', repeated: rule === 'repeated' };
  }
  return fields;
}
${described.join('\n')}
const services = { ${definitions.join(',\n')} };
const fromDescriptor = GrpcClient.protobufFromJSON;
GrpcClient.protobufFromJSON = (json, ignoreCache) =>
  json === module.exports ? { lookupService: (name) => services[name] } : fromDescriptor(json, ignoreCache);
`;
}

/** Returns a type's fields as `name type rule,…`, where the type is a scalar, an index of `t`, or `?` for `Any`. */
function fieldsText(type: protobuf.Type, places: Places): string {
  const fields = type.fieldsArray.map((field) => {
    const place = field.resolvedType === null ? field.type : (places.get(field.resolvedType) ?? '?');
    const rule = field.map ? ' map' : field.repeated ? ' repeated' : '';
    return `${field.name} ${place}${rule}`;
  });
  return JSON.stringify(fields.join(','));
}

function namesOf(type: protobuf.Type, kind: 'map' | 'repeated'): string {
  return JSON.stringify(type.fieldsArray.filter((field) => field[kind]).map(({ name }) => name));
}

function camelCase(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}
