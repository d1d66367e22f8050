import { createRequire } from 'node:module';

interface ProtoLoader {
  loadProtoJSON(json: object, ignoreCache?: boolean): object;
}

/** Marks a loader that shares already, also for another copy of this module. */
const SHARES = Symbol.for('compute-api: shares protos');

/**
 * Google's clients cache parsed descriptors by a hash over up to 2 MB of JSON, which takes 50 ms of processor time per
 * client of Compute Engine. Tests open several clients each, and the simulation does so in every process, so this
 * caches by the identity of the JSON object, which is the same each time. Safe to call repeatedly.
 */
export function shareProtos(): void {
  const gax = createRequire(import.meta.url)('google-gax') as {
    readonly GrpcClient: { readonly prototype: ProtoLoader };
    readonly fallback: { readonly GrpcClient: { readonly prototype: ProtoLoader } };
  };
  share(gax.GrpcClient.prototype);
  share(gax.fallback.GrpcClient.prototype);
}

function share(loader: ProtoLoader & { [SHARES]?: true }): void {
  if (loader[SHARES] === true) return;
  loader[SHARES] = true;
  const parsed = new WeakMap<object, object>();
  const load = Object.getOwnPropertyDescriptor(loader, 'loadProtoJSON')?.value as ProtoLoader['loadProtoJSON'];
  loader.loadProtoJSON = function (json, ignoreCache) {
    const root = parsed.get(json) ?? load.call(this, json, ignoreCache);
    parsed.set(json, root);
    return root;
  };
}
