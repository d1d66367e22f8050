import type { Field, Value } from './field.ts';

export type Properties = Readonly<Record<string, Value>>;

type Fields<T> = { readonly [M in keyof T]-?: Field<T[M]> };

/** A kind of row: its name in Datastore and the conversion of its values. A row's id is the name part of its key. */
export interface Kind<T> {
  readonly name: string;
  /** The closed list of words of each member that has one. Rows of a newer version may contain other words. */
  readonly words: Readonly<Record<string, readonly string[]>>;
  /** Default values of members that rows of earlier versions lack. */
  readonly added: Readonly<Record<string, unknown>>;
  encode(value: T): Properties;
  decode(properties: Properties, id: string): T;
}

export interface KindOptions<T> {
  /**
   * Returns properties that only queries need; they are written but never read. A property that derives from a newer
   * version's word must be `undefined`, so that the row keeps what that version wrote.
   */
  readonly derived?: (value: T) => Readonly<Record<string, Value | undefined>>;
  /** Returns default values of members that rows of earlier versions lack, for the row of this id. */
  readonly missing?: (id: string) => Readonly<Partial<T>>;
}

/** A row in an unknown format, written by a newer version or by hand. */
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
