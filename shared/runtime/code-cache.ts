/** What V8 did with the code that the build shipped beside the bundle. */
export type CodeCache = 'accepted' | 'rejected' | 'absent';

/**
 * What became of the code cache in this process, as the loader of the artefact noted it (`scripts/build/compile-cache.ts`).
 * `absent` where there was no file, and for a bundle that something else loads.
 */
export function codeCache(): CodeCache {
  const noted: unknown = Reflect.get(globalThis, Symbol.for('compute-api.code-cache'));
  return noted === 'accepted' || noted === 'rejected' ? noted : 'absent';
}
