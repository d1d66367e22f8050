import type { Field, Value } from './field.ts';

export type Properties = Readonly<Record<string, Value>>;

type Fields<T> = { readonly [M in keyof T]-?: Field<T[M]> };

/** One kind of row: its name in Datastore and how its members become properties. The id is the name part of the key. */
export interface Kind<T> {
  readonly name: string;
  /** Its words of closed lists: the list of each, by member. A row of a newer version may hold others. */
  readonly words: Readonly<Record<string, readonly string[]>>;
  /** Members that rows of earlier versions do not have, and what that means. */
  readonly added: Readonly<Record<string, unknown>>;
  encode(value: T): Properties;
  decode(properties: Properties, id: string): T;
}

export interface KindOptions<T> {
  /**
   * Properties that queries need and that follow from the members. They are written, never read. One that follows from a
   * word that this version does not know is `undefined`: the row keeps what the newer version wrote.
   */
  readonly derived?: (value: T) => Readonly<Record<string, Value | undefined>>;
  /** Members that rows written by an earlier version do not have, and what that means for the row of this id. */
  readonly missing?: (id: string) => Readonly<Partial<T>>;
}

/** A row whose layout this code does not know: written by a newer version, or by hand. */
export class UnreadableRow extends Error {
  override readonly name = 'UnreadableRow';
}

export function kind<T extends object>(name: string, fields: Fields<T>, options: KindOptions<T> = {}): Kind<T> {
  const derived: NonNullable<KindOptions<T>['derived']> = options.derived ?? (() => ({}));
  const { missing } = options;
  const members = Object.keys(fields) as (keyof T & string)[];
  const words = Object.fromEntries(
    members.flatMap((member) => (fields[member].words === undefined ? [] : [[member, fields[member].words]])),
  );
  return {
    name,
    words,
    added: { ...missing?.('') },
    encode(value) {
      const properties: Record<string, Value> = {};
      for (const member of members) properties[member] = fields[member].encode(value[member]);
      for (const [property, follows] of Object.entries(derived(value))) {
        if (follows !== undefined) properties[property] = follows;
      }
      return properties;
    },
    decode(properties, id) {
      const value: Partial<T> = {};
      for (const member of members) {
        const property = properties[member];
        if (property === undefined) {
          const substitute = missing?.(id)[member];
          if (substitute === undefined) throw new UnreadableRow(`${name} ${id} has no ${member}`);
          value[member] = substitute;
          continue;
        }
        try {
          value[member] = fields[member].decode(property);
        } catch (thrown) {
          throw new UnreadableRow(`${name} ${id} has an unreadable ${member}`, { cause: thrown });
        }
      }
      return value as T;
    },
  };
}
