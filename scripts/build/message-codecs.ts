import protobuf from 'protobufjs';
import { pruneProtos, type ServiceMethods } from './prune-protos.ts';

/**
 * How a package's clients send messages: gRPC encodes and decodes bytes; REST converts objects and leaves the JSON to a
 * library.
 */
export type Transport = 'grpc' | 'rest';

type Codec = 'encode' | 'decode' | 'fromObject' | 'toObject';

const MAKERS: Readonly<Record<Codec, (type: protobuf.Type) => unknown>> = {
  encode: (type) => protobuf.encoder(type),
  decode: (type) => protobuf.decoder(type),
  fromObject: (type) => protobuf.converter.fromObject(type),
  toObject: (type) => protobuf.converter.toObject(type),
};

/** The conversions that each transport needs, for requests and for responses. */
const CODECS: Readonly<Record<Transport, { readonly request: readonly Codec[]; readonly response: readonly Codec[] }>> =
  {
    grpc: { request: ['fromObject', 'encode'], response: ['decode', 'toObject'] },
    rest: { request: ['fromObject'], response: ['toObject'] },
  };

/** protobuf.js treats this type in a special way at run time, which generated code does not do. */
const SPECIAL = '.google.protobuf.Any';

/** The options with which gax makes grpc-js decode responses. */
const ANSWER_OPTIONS = '{ longs: String, enums: String, defaults: true, oneofs: true }';

/**
 * Returns the source of a module that replaces a package's protos.json. protobuf.js normally generates an encoder and a
 * decoder as text when a type is first used; here its own generators run during the build, so that the text is
 * compiled, minified and cached with everything else.
 *
 * Over gRPC the module has all that is needed, and protobuf.js's reflection is never loaded. Over REST the descriptor
 * stays, because JSON is written by reflection, and the module adds the converters to protobuf.js's types.
 */
export function protosModule(descriptor: unknown, services: ServiceMethods, transport: Transport): string {
  const pruned = pruneProtos(descriptor, services);
  const root = rootOf(pruned);
  const uses = usesOf(root, Object.keys(services), CODECS[transport]);
  return transport === 'grpc' ? grpcModule(root, Object.keys(services), uses) : restModule(pruned, uses);
}

function rootOf(pruned: protobuf.INamespace): protobuf.Root {
  const root = protobuf.Root.fromJSON(structuredClone(pruned));
  root.resolveAll();
  return root;
}

type Uses = ReadonlyMap<protobuf.Type, ReadonlySet<Codec>>;

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

function grpcModule(root: protobuf.Root, services: readonly string[], uses: Uses): string {
  const enums = new Set<protobuf.Enum>();
  for (const type of uses.keys()) {
    for (const { resolvedType } of type.fieldsArray) if (resolvedType instanceof protobuf.Enum) enums.add(resolvedType);
  }
  const places = new Map([...enums, ...uses.keys()].map((item, place) => [item as protobuf.ReflectionObject, place]));
  const placeOf = (item: protobuf.ReflectionObject | null): string => `t[${places.get(item as protobuf.Type) ?? -1}]`;
  const types = [...uses].map(([type, codecs]) => {
    const fields = type.fieldsArray.map(({ resolvedType }) => (resolvedType === null ? '' : placeOf(resolvedType)));
    return `define(${placeOf(type)}, ${namesOf(type, 'map')}, ${namesOf(type, 'repeated')}, (types) => ({
${[...codecs].map((codec) => `${codec}: ${withoutPrototypes(String(MAKERS[codec](type)))}`).join(',\n')}
}), [${fields.map((field) => `${field},`).join('')}]);`;
  });
  const definitions = services.map((name) => {
    const methods = root.lookupService(name).methodsArray.map((method) => {
      const [request, response] = [placeOf(method.resolvedRequestType), placeOf(method.resolvedResponseType)];
      return `${method.name}: method(${JSON.stringify(`/${name}/${method.name}`)}, ${JSON.stringify(camelCase(method.name))}, ${request}, ${response})`;
    });
    return `${JSON.stringify(name)}: { ${methods.join(', ')} }`;
  });
  return `const { Reader, Writer, util } = require('protobufjs/minimal.js');
const t = [${[...enums].map((item) => `enumOf(${JSON.stringify(item.values)})`).join(', ')}];
for (let place = t.length; place < ${places.size}; place += 1) t[place] = {};
function enumOf(values) {
  const names = {};
  for (const name in values) names[values[name]] ??= name;
  return { values: Object.assign(Object.create(names), values) };
}
function define(type, maps, lists, codecs, types) {
  type.ctor = function () {
    for (let i = 0; i < maps.length; i += 1) this[maps[i]] = {};
    for (let i = 0; i < lists.length; i += 1) this[lists[i]] = [];
  };
  Object.assign(type, codecs(types));
}
function method(path, originalName, request, response) {
  return {
    path, originalName, requestStream: false, responseStream: false,
    requestSerialize: (message) => request.encode(request.fromObject(message)).finish(),
    responseDeserialize: (bytes) => response.toObject(response.decode(bytes), ${ANSWER_OPTIONS}),
  };
}
${types.join('\n')}
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

function restModule(pruned: unknown, uses: Uses): string {
  const types = [...uses].map(
    ([type, codecs]) =>
      `${JSON.stringify(type.fullName)}: {
${[...codecs].map((codec) => `${codec}: ({ types, util }) => ${String(MAKERS[codec](type))}`).join(',\n')}
}`,
  );
  // V8 parses JSON text faster than an object literal of the same size.
  return `Object.assign(require('protobufjs/src/type.js').generated, {
${types.join(',\n')}
});
module.exports = JSON.parse(${JSON.stringify(JSON.stringify(pruned))});
`;
}

function namesOf(type: protobuf.Type, kind: 'map' | 'repeated'): string {
  return JSON.stringify(type.fieldsArray.filter((field) => field[kind]).map(({ name }) => name));
}

function camelCase(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}
