import { ADMIN_SCHEMAS } from '#shared/contracts/admin/schemas.ts';
import { BILLING_SCHEMAS } from '#shared/contracts/billing/schemas.ts';
import { CreateSshKey, SshKey } from '#shared/contracts/compute/ssh-key-schemas.ts';
import { EditInstance, SerialOutput } from '#shared/contracts/compute/edit-schemas.ts';
import { AdminOperation, AdminOperationPage, OperationPage } from '#shared/contracts/compute/operation-schemas.ts';
import { COMPUTE_SCHEMAS } from '#shared/contracts/compute/schemas.ts';
import { FLEET_SCHEMAS } from '#shared/contracts/fleet/schemas.ts';
import {
  FleetChangeSshKey,
  FleetCreateSshKey,
  FleetNewSshKey,
  FleetSshKey,
} from '#shared/contracts/fleet/ssh-key-schemas.ts';
import { EditResource } from '#shared/contracts/resource/edit-schemas.ts';
import { ResourceOperationList } from '#shared/contracts/resource/operations-list.ts';
import { RESOURCE_SCHEMAS } from '#shared/contracts/resource/schemas.ts';
import {
  CreateResourceSshKey,
  ResourceSshKey,
  ResourceSshKeyList,
} from '#shared/contracts/resource/ssh-key-schemas.ts';
import { plainSchema, type PlainSchema } from './plain-schema.ts';

const SSH_KEY_SCHEMAS = {
  CreateSshKey,
  SshKey,
  CreateResourceSshKey,
  ResourceSshKey,
  ResourceSshKeyList,
  FleetChangeSshKey,
  FleetCreateSshKey,
  FleetNewSshKey,
  FleetSshKey,
};

/** Schemas that the public document contains once and refers to by their title, sorted by name. */
export const NAMED_SCHEMAS: ReadonlyMap<string, PlainSchema> = new Map(
  Object.entries({
    ...COMPUTE_SCHEMAS,
    ...ADMIN_SCHEMAS,
    ...BILLING_SCHEMAS,
    ...RESOURCE_SCHEMAS,
    ...FLEET_SCHEMAS,
    ...SSH_KEY_SCHEMAS,
    ...{ EditInstance, EditResource, SerialOutput },
    ...{ AdminOperation, AdminOperationPage, OperationPage, ResourceOperationList },
  })
    .map(([name, schema]) => [name, plainSchema(schema)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);

const REFERENCE = '#/components/schemas/';

/**
 * Returns a reference if the schema is a named one, otherwise the schema with references inside. Throws if a schema has
 * the title of another named schema, since the document would then be wrong.
 */
export function referenceTo(schema: PlainSchema): PlainSchema {
  const { title } = schema;
  const named = title === undefined ? undefined : NAMED_SCHEMAS.get(title);
  if (title === undefined || named === undefined) return withReferences(schema);
  if (JSON.stringify(named) !== JSON.stringify(schema))
    throw new Error(`Two different schemas have the title ${title}.`);
  return { $ref: `${REFERENCE}${title}` };
}

function withReferences(schema: PlainSchema): PlainSchema {
  const { properties, items, anyOf } = schema;
  return {
    ...schema,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, referenceTo(value)])),
        }),
    ...(items === undefined ? {} : { items: referenceTo(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(referenceTo) }),
  };
}

/** Returns the named schemas that a document refers to, directly or through other schemas. */
export function referredSchemas(document: unknown): Readonly<Record<string, PlainSchema>> {
  const used = new Set<string>();
  const follow = (part: unknown) => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      const schema = NAMED_SCHEMAS.get(name);
      if (schema === undefined || used.has(name)) continue;
      used.add(name);
      follow(withReferences(schema));
    }
  };
  follow(document);
  return Object.fromEntries(
    [...NAMED_SCHEMAS].filter(([name]) => used.has(name)).map(([name, schema]) => [name, withReferences(schema)]),
  );
}
