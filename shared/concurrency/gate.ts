/** Holds back a request's changes until its rate-limit token is granted. */
export interface Gate {
  /** Resolves once the gate is open; rejects with the refusal if it stays closed. */
  readonly opened: () => Promise<void>;
  /** Throws the refusal if it is known already; does not wait. Saves reads whose results would be discarded. */
  readonly requireNotRefused: () => void;
}

/** A client of an external service that can hold back its changes until a gate opens. */
export interface Guarded {
  readonly behind: (gate: Gate) => object;
}

/** A gate that is always open, for workers and scripts, which take no rate-limit token. */
export const OPEN_GATE: Gate = { opened: () => Promise.resolve(), requireNotRefused: () => undefined };

/** Creates a gate that opens when `decision` resolves, and stays closed when it rejects. */
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

/** Returns the same tools, with every guarded one behind the gate. */
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
