import type { Replacement } from '../module-replacements.ts';

const SERVER = 'Only a gRPC server needs it; our functions are clients.';

/** @grpc/grpc-js: half of its code is a server, and load balancing that only a service config would enable. */
export const GRPC_REPLACEMENTS: readonly Replacement[] = [
  ...['server', 'server-credentials', 'server-interceptors', 'admin', 'orca'].map((name) => ({
    kind: 'absent' as const,
    module: `@grpc/grpc-js/build/src/${name}.js`,
    because: SERVER,
  })),
  {
    kind: 'absent',
    module: '@grpc/grpc-js/build/src/load-balancer-outlier-detection.js',
    because: 'A policy that a service config has to ask for. Google’s names carry none, and gax sets none.',
  },
  {
    kind: 'absent',
    module: '@grpc/grpc-js/build/src/load-balancer-weighted-round-robin.js',
    because: 'A policy that a service config has to ask for. Google’s names carry none, and gax sets none.',
  },
  {
    kind: 'absent',
    module: '@grpc/proto-loader/build/src/index.js',
    because:
      'Reads descriptors; ours are compiled by the build (message-codecs.ts), and channelz wants its own for a server.',
  },
  {
    kind: 'edited',
    module: '@grpc/grpc-js/build/src/index.js',
    because: 'Registers the policies above, and the service of channelz, which only a server can offer.',
    edits: [
      ['    load_balancer_outlier_detection.setup();\n', ''],
      ['    load_balancer_weighted_round_robin.setup();\n', ''],
      ['    channelz.setup();\n', ''],
    ],
  },
];
