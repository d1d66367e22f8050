/** Whether V8 accepted the code cache that the build ships with the bundle. */
export type CodeCache = 'accepted' | 'rejected' | 'absent';

/**
 * Returns the state of the code cache in this process, as recorded by the artefact's loader
 * (`scripts/build/compile-cache.ts`). `absent`: no cache file exists, or the bundle was not loaded by that loader.
 */
export function codeCache(): CodeCache {
  const noted: unknown = Reflect.get(globalThis, Symbol.for('compute-api.code-cache'));
  return noted === 'accepted' || noted === 'rejected' ? noted : 'absent';
}
