import type { Replacement } from '../module-replacements.ts';

export const OTHER_REPLACEMENTS: readonly Replacement[] = [
  {
    kind: 'absent',
    module: 'web-streams-polyfill/dist/ponyfill.es2018.js',
    because: 'Loaded only where ReadableStream is no global; Node.js 24 has it.',
  },
  {
    kind: 'absent',
    module: 'pino/lib/transport.js',
    through: 'pino/pino.js',
    because: 'Logs through a worker thread; ours are written to stdout at once.',
  },
  {
    kind: 'absent',
    module: 'pino/lib/multistream.js',
    through: 'pino/pino.js',
    because: 'Logs to several streams; ours go to one.',
  },
];
