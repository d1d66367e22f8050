import type { Replacement } from '../module-replacements.ts';

const HEADERS =
  "Node's own Headers class brings the whole of undici with it. Requests are made by node-fetch, whose own class is what it wants anyway.";
const HEADERS_EDIT = [
  '"use strict";',
  '"use strict"; const { default: Headers } = require("node-fetch/src/headers.js");',
] as const;

/** google-auth-library: a function uses the account of its metadata server, or (in the local cloud) none at all. */
export const AUTH_REPLACEMENTS: readonly Replacement[] = [
  {
    kind: 'edited',
    module: 'google-auth-library/build/src/auth/authclient.js',
    because: HEADERS,
    edits: [HEADERS_EDIT],
  },
  {
    kind: 'edited',
    module: 'google-auth-library/build/src/auth/oauth2client.js',
    because: HEADERS,
    edits: [HEADERS_EDIT],
  },
  {
    kind: 'edited',
    module: 'google-auth-library/build/src/auth/passthrough.js',
    because: HEADERS,
    edits: [HEADERS_EDIT],
  },
  {
    kind: 'edited',
    module: 'gaxios/build/cjs/src/gaxios.js',
    because: `${HEADERS} A body that is a FormData is known by the name of its class a few lines further on.`,
    edits: [HEADERS_EDIT, ['            opts.data instanceof FormData ||\n', '']],
  },
];
