import type { Store } from '#shared/datastore/store.ts';

/** The store, except for some of its methods. `onCall` hears the name of every method that is asked for. */
export function storeWith(
  store: Store,
  methods: Partial<Pick<Store, 'count' | 'getAll'>>,
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
