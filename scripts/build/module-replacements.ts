/**
 * What Google's libraries load and our functions never use. Each row names one module, says why leaving it out (or
 * changing it) is safe, and what takes its place. A row whose module or text is no longer there fails the build, so an
 * upgraded package is looked at again instead of being patched blindly.
 */
export type Replacement = AbsentModule | EditedModule;

interface Row {
  /** Path below node_modules. */
  readonly module: string;
  /** Why no function notices. */
  readonly because: string;
}

/** A module of which nothing is used: it becomes an object that throws when something is read from it. */
interface AbsentModule extends Row {
  readonly kind: 'absent';
}

/** A module in which pieces of text are exchanged; each must occur exactly once. */
interface EditedModule extends Row {
  readonly kind: 'edited';
  readonly edits: readonly (readonly [find: string, put: string])[];
}

export const REPLACEMENTS: readonly Replacement[] = [
  // google-gax: three quarters of it is for long-running operations, IAM, locations and uploads.
  {
    kind: 'absent',
    module: 'google-gax/build/protos/iam_service.js',
    because: 'Static IAM messages, re-exported for callers of IAM; no function reads or sets a policy.',
  },
  {
    kind: 'absent',
    module: 'google-gax/build/protos/locations.js',
    because: 'Static messages of the locations mixin; no client of ours has it.',
  },
  {
    kind: 'absent',
    module: 'google-gax/build/protos/operations.js',
    because:
      'Static messages of google.longrunning, which Compute Engine, Datastore and Pub/Sub calls of ours never return.',
  },
  {
    kind: 'absent',
    module: 'google-gax/build/src/operationsClient.js',
    because: 'The client of google.longrunning; Compute Engine operations have a client of their own.',
  },
  {
    kind: 'absent',
    module: 'google-gax/build/src/longRunningCalls/longrunning.js',
    because: 'Polls google.longrunning operations, which no method of ours returns.',
  },
  {
    kind: 'absent',
    module: 'google-gax/build/src/longRunningCalls/longRunningDescriptor.js',
    because: 'Describes methods that return google.longrunning operations; we call none.',
  },
  {
    kind: 'absent',
    module: 'google-gax/build/src/bundlingCalls/bundleDescriptor.js',
    because: 'Describes methods whose requests gax collects; none of our clients has one.',
  },
  {
    kind: 'absent',
    module: 'google-gax/build/src/locationService.js',
    because: 'The client of the locations mixin; no client of ours has it.',
  },
  {
    kind: 'absent',
    module: 'google-gax/build/src/resumableUpload.js',
    because: 'Uploads of media; no method of ours has media.',
  },
  {
    kind: 'absent',
    module: 'google-gax/build/src/resumableSourceFromFile.js',
    because: 'Reads the file of a resumable upload; see above.',
  },
  {
    kind: 'edited',
    module: 'google-gax/build/src/iamService.js',
    because:
      'PublisherClient builds an IamClient, and with it a second protobuf root, in its constructor, but uses it only for the policy of a topic, which no function touches. It is closed with the client, so closing must go on working.',
    edits: [
      ['const jsonProtos = require("../protos/iam_service.json");', ''],
      [
        '    constructor(gaxGrpc, \n    // eslint-disable-next-line @typescript-eslint/no-explicit-any\n    options) {\n',
        '    constructor() { return { close: async () => {} }; }\n    unusedConstructor(gaxGrpc, options) {\n',
      ],
      ['this._protos = this.gaxGrpc.loadProtoJSON(jsonProtos);', ''],
    ],
  },
  // @grpc/proto-loader: descriptors of descriptors, for reflection servers and .proto files.
  {
    kind: 'edited',
    module: '@grpc/proto-loader/build/src/index.js',
    because:
      'Each message gets a descriptor of itself, encoded, for servers that offer reflection. A client never reads it, and building it (and the types it is built from) takes longer than everything else in the loader.',
    edits: [
      ['const descriptor = require("protobufjs/ext/descriptor");', 'const descriptor = undefined;'],
      ["const descriptorList = root.toDescriptor('proto3').file;", ''],
      ['descriptorList.map(value => Buffer.from(descriptor.FileDescriptorProto.encode(value).finish()))', '[]'],
      ["const messageDescriptor = message.toDescriptor('proto3');", ''],
      ['messageDescriptor.$type.toObject(messageDescriptor, descriptorOptions)', '{}'],
      ["const enumDescriptor = enumType.toDescriptor('proto3');", ''],
      ['enumDescriptor.$type.toObject(enumDescriptor, descriptorOptions)', '{}'],
      ['(0, util_1.addCommonProtos)();', ''],
    ],
  },
  {
    kind: 'absent',
    module: '@grpc/proto-loader/build/src/util.js',
    because: 'Finds .proto files on disk; our descriptors are JSON inside the bundle.',
  },
  // protobufjs
  {
    kind: 'absent',
    module: 'protobufjs/src/parse.js',
    because: 'Parses .proto text; our descriptors are JSON inside the bundle.',
  },
  {
    kind: 'absent',
    module: 'protobufjs/src/tokenize.js',
    because: 'Splits .proto text into words for the parser above.',
  },
  {
    kind: 'edited',
    module: 'protobufjs/src/type.js',
    because:
      'Makes one constructor per message type through new Function, for all types as soon as one is resolved. A closure that does the same to its fields costs a hundredth of it, and has the same name, which gax compares with "Any".',
    edits: [
      [
        'var gen = util.codegen(["p"], mtype.name);',
        `return function () {
        var maps = [], lists = [];
        mtype.fieldsArray.forEach(function (field) {
            if (field.map) maps.push(field.name); else if (field.repeated) lists.push(field.name);
        });
        function Generic(p) {
            var i;
            for (i = 0; i < maps.length; ++i) this[maps[i]] = {};
            for (i = 0; i < lists.length; ++i) this[lists[i]] = [];
            if (p) for (var ks = Object.keys(p), k = 0; k < ks.length; ++k)
                if (p[ks[k]] != null && ks[k] !== "__proto__") this[ks[k]] = p[ks[k]];
        }
        Object.defineProperty(Generic, "name", { value: mtype.name });
        return Generic;
    };
    var gen;`,
      ],
    ],
  },
  // Polyfills of what Node.js 24 has.
  {
    kind: 'edited',
    module: 'readable-stream/readable.js',
    because:
      "A copy of Node's own streams for old versions of Node.js. The package offers to use the real ones instead (READABLE_STREAM=disable), by an assignment that Node.js 24 refuses; duplexify needs no more than the module itself.",
    edits: [
      ["process.env.READABLE_STREAM === 'disable' && Stream", 'true'],
      ['module.exports = Stream.Readable;', 'module.exports = Stream;'],
      ['Object.assign(module.exports, Stream);', ''],
      ['module.exports.Stream = Stream;', ''],
    ],
  },
  {
    kind: 'absent',
    module: 'web-streams-polyfill/dist/ponyfill.es2018.js',
    because: 'Loaded only where ReadableStream is no global; Node.js 24 has it.',
  },
  // google-auth-library: a function has the account of its metadata server, or none at all (local cloud).
  {
    kind: 'absent',
    module: 'google-auth-library/build/src/auth/externalclient.js',
    because: 'Workload identity from other clouds; a function on Google Cloud has its own service account.',
  },
  {
    kind: 'absent',
    module: 'google-auth-library/build/src/auth/awsclient.js',
    because: 'Credentials from AWS; see externalclient.js.',
  },
  {
    kind: 'absent',
    module: 'google-auth-library/build/src/auth/awsrequestsigner.js',
    because: 'Credentials from AWS; see externalclient.js.',
  },
  {
    kind: 'absent',
    module: 'google-auth-library/build/src/auth/identitypoolclient.js',
    because: 'Credentials from other identity providers; see externalclient.js.',
  },
  {
    kind: 'absent',
    module: 'google-auth-library/build/src/auth/pluggable-auth-client.js',
    because: 'Credentials from an executable; see externalclient.js.',
  },
  {
    kind: 'absent',
    module: 'google-auth-library/build/src/auth/downscopedclient.js',
    because: 'Tokens cut down to a storage bucket; no function hands out tokens.',
  },
];

/** The text that stands in for a module of which nothing is used. */
export function absentModule(module: string): string {
  const message = `${module} is not in this bundle: it was taken for unused (scripts/build/module-replacements.ts).`;
  return `module.exports = new Proxy({}, {
  get(_target, name) {
    if (typeof name === 'symbol' || name === '__esModule' || name === 'default' || name === 'then') return undefined;
    throw new Error(${JSON.stringify(message)});
  },
});`;
}

/** Applies a row's edits; throws when a text is missing or occurs more than once. */
export function editedModule(row: EditedModule, source: string): string {
  let text = source;
  for (const [find, put] of row.edits) {
    const pieces = text.split(find);
    if (pieces.length !== 2) {
      throw new Error(
        `${row.module} contains ${JSON.stringify(find)} ${pieces.length - 1} times instead of once. The package changed: check the row in scripts/build/module-replacements.ts.`,
      );
    }
    text = pieces.join(put);
  }
  return text;
}
