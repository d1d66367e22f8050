import type { Operation } from '#shared/domain/operation.ts';
import type { CloudCall } from '#test/support/local-cloud.ts';

/** What the simulated users know about the protection of their instances from deletion. */
export class Protections {
  /** When the first protection of each instance was accepted. */
  readonly #acceptedMs = new Map<string, number>();
  /** Instances for which taking the protection off was requested at any time, with whatever result. */
  readonly #given = new Set<string>();

  accepted(id: string, atMs: number): void {
    if (!this.#acceptedMs.has(id)) this.#acceptedMs.set(id, atMs);
  }

  /** To be called before the request is sent. */
  given(id: string): void {
    this.#given.add(id);
  }

  /**
   * L. A VM is not deleted after the protection of its instance was accepted, unless the protection was taken off or
   * failed, or the instance was never made.
   */
  violations(calls: readonly CloudCall[], operations: readonly Operation[]): readonly string[] {
    const failed = new Set(
      operations
        .filter(({ kind, state }) => (kind === 'update' || kind === 'create') && state === 'failed')
        .map(({ instanceId }) => instanceId),
    );
    return [...this.#acceptedMs].flatMap(([id, atMs]) => {
      if (this.#given.has(id) || failed.has(id)) return [];
      const isDeleted = calls.some(
        ({ instance, method, outcome, time }) =>
          instance === id && method === 'instances.delete' && outcome === 'applied' && Date.parse(time) > atMs,
      );
      return isDeleted ? [`L: ${id} was deleted after its protection from deletion was accepted`] : [];
    });
  }
}
