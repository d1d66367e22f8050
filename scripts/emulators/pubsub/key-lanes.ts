interface Lane<T> {
  /** In publish order, including those that stepped aside. */
  readonly waiting: T[];
  readonly aside: Set<T>;
  active: T | undefined;
}

/**
 * Queues behind ordering keys: of each key one item is active, and the others wait for it. Each method returns the item
 * that becomes active by the call, if any.
 */
export class KeyLanes<T> {
  readonly #lanes = new Map<string, Lane<T>>();

  add(key: string, item: T): T | undefined {
    const lane = this.#lanes.get(key) ?? { waiting: [], aside: new Set<T>(), active: undefined };
    this.#lanes.set(key, lane);
    lane.waiting.push(item);
    return activateNext(lane);
  }

  /** Lets the next item of the key become active; the former one keeps its place for its return. */
  stepAside(key: string, item: T): T | undefined {
    const lane = this.#lanes.get(key);
    if (lane?.active !== item) return undefined;
    lane.aside.add(item);
    lane.waiting.unshift(item);
    lane.active = undefined;
    return activateNext(lane);
  }

  /** Puts an item that stepped aside back in line at its old place. */
  comeBack(key: string, item: T): T | undefined {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return undefined;
    lane.aside.delete(item);
    return activateNext(lane);
  }

  remove(key: string, item: T): T | undefined {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return undefined;
    lane.aside.delete(item);
    if (lane.active === item) lane.active = undefined;
    else {
      const place = lane.waiting.indexOf(item);
      if (place !== -1) lane.waiting.splice(place, 1);
    }
    if (lane.active === undefined && lane.waiting.length === 0) this.#lanes.delete(key);
    return activateNext(lane);
  }
}

function activateNext<T>(lane: Lane<T>): T | undefined {
  if (lane.active !== undefined) return undefined;
  const place = lane.waiting.findIndex((item) => !lane.aside.has(item));
  if (place === -1) return undefined;
  [lane.active] = lane.waiting.splice(place, 1);
  return lane.active;
}
