import type { Store } from '#shared/datastore/store.ts';

/** Returns the store with some of its methods replaced. `onCall` gets the name of every member that is read. */
export function storeWith(
  store: Store,
  methods: Partial<Pick<Store, 'change' | 'commitOnce' | 'count' | 'getAll' | 'query' | 'write'>>,
  onCall: (name: string) => void = () => undefined,
): Store {
  return new Proxy(store, {
    get(target, name) {
      onCall(String(name));
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
