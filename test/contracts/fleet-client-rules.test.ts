import { describe, expect, test } from 'vitest';
import { FLEET_CONTRACTS } from '#shared/contracts/fleet/index.ts';
import { publicKeyField } from '#shared/contracts/common/ssh-key-fields.ts';
import { passesOverUnknown } from '#test/support/contract-samples.ts';

/** The keywords of JSON Schema that the test reads. */
interface Schema {
  readonly title?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly minLength?: number;
}

/** Returns the objects of a schema that declare members, with their places. */
function objectsOf(schema: Schema, place: string): readonly (readonly [string, Schema])[] {
  return [
    ...(schema.properties === undefined ? [] : [[place, schema] as const]),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, member]) => objectsOf(member, `${place}.${name}`)),
    ...(schema.items === undefined ? [] : objectsOf(schema.items, `${place}[]`)),
    ...(schema.anyOf ?? []).flatMap((choice) => objectsOf(choice, place)),
  ];
}

/**
 * A member that only this service has: clients of the contract do not know it, and replies of an earlier release lack
 * it.
 */
const OWN: ReadonlySet<string> = new Set(['last_operation']);

const ANSWERS = FLEET_CONTRACTS.flatMap(({ name, success }) =>
  success.flatMap(({ status, body }) => (body === null ? [] : [[`${name} ${status}`, body as Schema] as const])),
);

describe('rules that were measured to break clients', () => {
  test.each(FLEET_CONTRACTS.map((contract) => [contract.name, contract] as const))(
    '%s passes over parameters that it does not know: a 422 for one made stop and down fail, and the VMs went on costing',
    (_, contract) => {
      expect(passesOverUnknown(contract, 'query')).toBe(true);
    },
  );

  test.each(ANSWERS)('%s leaves no member out: clients index what may be null', (place, body) => {
    const optional = objectsOf(body, place).flatMap(([at, { properties = {}, required = [] }]) =>
      Object.keys(properties)
        .filter((member) => !required.includes(member) && !OWN.has(member))
        .map((member) => `${at}.${member}`),
    );

    expect(optional).toEqual([]);
  });

  test('a public key is never empty: an empty one matches every key of a launcher', () => {
    const shown = ANSWERS.flatMap(([place, body]) => objectsOf(body, place)).flatMap(
      ([, { properties = {} }]) => properties['public_key'] ?? [],
    );

    expect(shown.length).toBeGreaterThan(2);
    for (const { minLength } of shown) expect(minLength).toBe(1);
    expect(publicKeyField).toMatchObject({ minLength: 1 });
  });
});
