import type { Replacement } from '../module-replacements.ts';

/** google-gax: three quarters of its code serve long-running operations, IAM, locations, uploads and streams. */
export const GAX_REPLACEMENTS: readonly Replacement[] = [
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
  {
    kind: 'edited',
    module: 'google-gax/build/src/index.js',
    because:
      'Re-exports everything there is. The REST transport is for the Compute client alone; protobuf.js and its JSON are for REST and for the details of errors.',
    edits: [['exports.protobufFromJSON = fallback.protobufFromJSON;', '']],
    lazy: ['./fallback', 'protobufjs', 'proto3-json-serializer'],
  },
  {
    kind: 'edited',
    module: 'google-gax/build/src/grpc.js',
    because:
      'The services of a package come with encoders that the build has generated (message-codecs.ts), so that no descriptor is parsed, hashed or resolved; .proto files are never loaded, and no program is run for a client certificate.',
    edits: [
      [
        'const hash = (0, object_hash_1.default)(JSON.stringify(json)).toString();\n        const cached = GrpcClient.protoCache.get(hash);\n        if (cached && !ignoreCache) {\n            return cached;\n        }\n        const options = GrpcClient.defaultOptions();\n        const packageDefinition = grpcProtoLoader.fromJSON(json, options);\n        const grpcPackage = this.grpc.loadPackageDefinition(packageDefinition);\n        GrpcClient.protoCache.set(hash, grpcPackage);\n        return grpcPackage;',
        'return this.grpc.loadPackageDefinition(json.packageDefinition);',
      ],
      ['const object_hash_1 = __importDefault(require("object-hash"));', ''],
      ['const grpcProtoLoader = __importStar(require("@grpc/proto-loader"));', 'const grpcProtoLoader = undefined;'],
      ['class GoogleProtoFilesRoot extends protobuf.Root {', 'class GoogleProtoFilesRoot extends Object {'],
    ],
    lazy: ['child_process', 'protobufjs'],
  },
  {
    kind: 'edited',
    module: 'google-gax/build/src/googleError.js',
    because:
      'Reflection is needed to decode the details of an error, and an error is seldom the first thing that happens.',
    lazy: ['protobufjs', 'proto3-json-serializer', './fallback'],
  },
  {
    kind: 'edited',
    module: 'google-gax/build/src/streamingCalls/streaming.js',
    because: 'No method of ours streams; of this module only the constants of StreamType are read.',
    edits: [
      ["const duplexify = require('duplexify');", 'const duplexify = Object;'],
      ["const retryRequest = require('retry-request');", 'const retryRequest = undefined;'],
    ],
  },
  {
    kind: 'edited',
    module: 'google-gax/build/src/fallbackServiceStub.js',
    because:
      "Node's own Headers class brings the whole of undici with it. The request is made by node-fetch, whose own class is what it wants anyway.",
    edits: [['"use strict";', '"use strict"; const { default: Headers } = require("node-fetch/src/headers.js");']],
  },
];
