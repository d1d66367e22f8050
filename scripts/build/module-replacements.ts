import { AUTH_REPLACEMENTS } from './replaced/google-auth.ts';
import { GAX_REPLACEMENTS } from './replaced/google-gax.ts';
import { GRPC_REPLACEMENTS } from './replaced/grpc.ts';
import { PROTOBUF_REPLACEMENTS } from './replaced/protobufjs.ts';

/**
 * Modules that libraries load and that functions never use, or do not use in their first request. Each row names one
 * module, says why leaving it out (or changing it) is safe, and gives its replacement. A row whose module or text no
 * longer exists fails the build, so that an upgraded package is examined again.
 */
export type Replacement = AbsentModule | EditedModule;

interface Row {
  /** Path below node_modules. */
  readonly module: string;
  /** Why no function needs the module. */
  readonly because: string;
  /** The module through which it is loaded, directly or indirectly. Default: gax. */
  readonly through?: string;
}

/** The module that every function with a Google client loads. */
export const GAX = 'google-gax/build/src/index.js';

/** An unused module: it becomes an object that throws when a member is read. */
interface AbsentModule extends Row {
  readonly kind: 'absent';
}

/** A module in which pieces of text are replaced; each must occur exactly once. */
interface EditedModule extends Row {
  readonly kind: 'edited';
  readonly edits?: readonly (readonly [find: string, put: string])[];
  /** Modules that this one requires when loaded; instead, they are loaded when a member of them is first read. */
  readonly lazy?: readonly string[];
}

export const REPLACEMENTS: readonly Replacement[] = [
  ...GAX_REPLACEMENTS,
  ...GRPC_REPLACEMENTS,
  ...PROTOBUF_REPLACEMENTS,
  ...AUTH_REPLACEMENTS,
];

/** Returns the source of the module that replaces an unused one. */
export function absentModule(module: string): string {
  const message = `${module} is not in this bundle: it was taken for unused (scripts/build/replaced).`;
  return `module.exports = new Proxy({}, {
  get(_target, name) {
    if (typeof name === 'symbol' || name === '__esModule' || name === 'default' || name === 'then') return undefined;
    throw new Error(${JSON.stringify(message)});
  },
});`;
}

/** Applies a row's edits. Throws if a text is missing or occurs more than once. */
export function editedModule(row: EditedModule, source: string): string {
  let text = source;
  for (const [find, put] of row.edits ?? []) text = exchanged(row, text, find, put);
  for (const specifier of row.lazy ?? []) {
    const call = `require("${specifier}")`;
    const imported = text.includes(`__importStar(${call})`) ? `__importStar(${call})` : call;
    // Reading a member loads the real module and returns that member.
    text = exchanged(row, text, imported, `new Proxy({}, { get: (_target, name) => require("${specifier}")[name] })`);
  }
  return text;
}

function exchanged({ module }: Row, text: string, find: string, put: string): string {
  const pieces = text.split(find);
  if (pieces.length === 2) return pieces.join(put);
  throw new Error(
    `${module} contains ${JSON.stringify(find)} ${pieces.length - 1} times instead of once. The package changed: check the row in scripts/build/replaced.`,
  );
}
