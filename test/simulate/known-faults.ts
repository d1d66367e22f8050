/**
 * Faults of the product that the simulation has found and that are not repaired yet. A finding that matches one is counted
 * and does not fail the run. Whoever repairs a fault removes its row; the aim is an empty list.
 */
export const KNOWN_FAULTS: readonly { readonly finding: RegExp; readonly fault: string }[] = [
  { finding: /^O: (create|start|restart|reset) .* never RUNNING/, fault: '"completed" for a VM that never ran' },
  { finding: /^H: /, fault: 'a late or foreign event moves the times of the history; a restart that nobody saw' },
];
