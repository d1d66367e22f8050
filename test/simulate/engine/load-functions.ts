import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FunctionManifest } from '#scripts/generate/function-manifest.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FUNCTIONS = pathToFileURL(join(ROOT, 'functions')).href;

/** The modules through which a function registers with functions-framework. */
const REGISTRATION: ReadonlySet<string> = new Set([
  '#shared/runtime/http-function.ts',
  '#shared/runtime/worker-function.ts',
]);

/**
 * Loads the shipped source of every function of the manifest, except for the fallbacks and the documentation, which have no
 * state to simulate. Only their registration is replaced, because functions-framework supports one instance of each function
 * per process.
 */
export async function loadFunctions(): Promise<FunctionManifest> {
  registerHooks({
    resolve: (specifier, context, next) =>
      REGISTRATION.has(specifier) && context.parentURL?.startsWith(FUNCTIONS) === true
        ? next('#test/simulate/engine/registered-functions.ts', context)
        : next(specifier, context),
  });
  const manifest = JSON.parse(readFileSync(join(ROOT, 'infra/generated/functions.json'), 'utf8')) as FunctionManifest;
  for (const { kind, path, source } of manifest.functions)
    if (kind !== 'http' || path !== null) await import(pathToFileURL(join(ROOT, source)).href);
  return manifest;
}
