/** What changes have to wait for: the rate-limit token of the request that asks for them. */
export interface Gate {
  /** Resolves once the gate is open. Rejects with the refusal when the gate stays shut. */
  readonly opened: () => Promise<void>;
  /** Throws the refusal when there has been one already; does not wait. Spares the reads that nobody will see. */
  readonly requireNotRefused: () => void;
}

/** Reaches something outside the process, and makes its changes wait for a gate. */
export interface Guarded {
  readonly behind: (gate: Gate) => object;
}

/** For code that no request admits: workers and scripts. */
export const OPEN_GATE: Gate = { opened: () => Promise.resolve(), requireNotRefused: () => undefined };

/** A gate that opens when `decision` resolves, and stays shut when `decision` rejects. */
export function gateOf(decision: Promise<void>): Gate {
  let refusal: { readonly thrown: unknown } | undefined;
  decision.catch((thrown: unknown) => {
    refusal = { thrown };
  });
  return {
    opened: () => decision,
    requireNotRefused: () => {
      if (refusal !== undefined) throw refusal.thrown;
    },
  };
}

/** The same tools, of which each that is guarded waits for the gate. */
export function behind<T extends object>(tools: T, gate: Gate): T {
  const guarded = Object.entries(tools).map(([name, tool]: [string, unknown]) => [
    name,
    isGuarded(tool) ? tool.behind(gate) : tool,
  ]);
  return Object.fromEntries(guarded) as T;
}

function isGuarded(tool: unknown): tool is Guarded {
  return typeof tool === 'object' && tool !== null && 'behind' in tool && typeof tool.behind === 'function';
}
