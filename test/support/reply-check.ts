import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { familyDocument, statusOf } from '#scripts/generate/family-document.ts';
import { NAMED_SCHEMAS } from '#scripts/generate/named-schemas.ts';
import { plainSchema, type PlainSchema } from '#scripts/generate/plain-schema.ts';
import type { Contract } from '#shared/contracts/contract.ts';

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
addFormats.default(ajv);

/** The parts of a reply that a contract describes. */
export interface CheckedReply {
  readonly status: number;
  readonly body: unknown;
}

/** Returns every deviation of a reply from its contract: an undocumented status, or a body that violates the schema. */
export function replyViolations(contract: Contract, { status, body }: CheckedReply): readonly string[] {
  const success = contract.success.find((answer) => answer.status === status);
  if (success !== undefined) {
    if (success.body === null && body === undefined) return [];
    const schema = success.body ?? success.preferredBody;
    return schema === undefined ? [`${status} has no body`] : schemaViolations(plainSchema(schema), body);
  }
  const { error } = familyDocument(contract.family);
  if (!contract.failures.some((reason) => statusOf(contract.family, reason) === status))
    return [`${status} is not documented`];
  const schema = NAMED_SCHEMAS.get(error.schema);
  return schema === undefined ? [`there is no schema ${error.schema}`] : schemaViolations(schema, body);
}

function schemaViolations(schema: PlainSchema, value: unknown): readonly string[] {
  const validate = ajv.compile(schema);
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}
