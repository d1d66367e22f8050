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
    module: 'google-auth-library/build/src/index.js',
    because: 'Re-exports every kind of credentials; each is loaded when it is asked for.',
    lazy: [
      './auth/iam',
      './auth/idtokenclient',
      './auth/jwtaccess',
      './auth/jwtclient',
      './auth/impersonated',
      './auth/refreshclient',
      './auth/baseexternalclient',
      './auth/externalAccountAuthorizedUserClient',
      './auth/gdchclient',
    ],
    edits: [['__exportStar(require("./gtoken/googleToken"), exports);', '']],
  },
  {
    kind: 'edited',
    module: 'google-auth-library/build/src/auth/googleauth.js',
    because:
      'Knows every kind of credentials; each is loaded when it is asked for. Programs are run only to find the project of gcloud.',
    lazy: [
      'child_process',
      './idtokenclient',
      './jwtclient',
      './refreshclient',
      './impersonated',
      './baseexternalclient',
      './externalAccountAuthorizedUserClient',
      './gdchclient',
    ],
  },
  {
    kind: 'edited',
    module: 'gcp-metadata/build/src/index.js',
    because:
      'Reads the metadata server’s JSON with a library that keeps integers beyond 2^53. What a function asks for is a token and how long it lives.',
    edits: [['const jsonBigint = require("json-bigint");', 'const jsonBigint = JSON;']],
  },
  {
    kind: 'edited',
    module: 'gaxios/build/cjs/src/gaxios.js',
    because: `${HEADERS} A body that is a FormData is known by the name of its class a few lines further on.`,
    edits: [HEADERS_EDIT, ['            opts.data instanceof FormData ||\n', '']],
  },
];
