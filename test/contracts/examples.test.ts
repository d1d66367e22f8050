import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { TSchema } from 'typebox';
import { describe, expect, test } from 'vitest';
import { plainSchema, type PlainSchema } from '#scripts/generate/plain-schema.ts';
import { NAMED_SCHEMAS } from '#scripts/generate/named-schemas.ts';
import { ADMIN_CONTRACTS } from '#shared/contracts/admin/index.ts';
import { BILLING_CONTRACTS } from '#shared/contracts/billing/index.ts';
import { COMPUTE_SCHEMAS } from '#shared/contracts/compute/schemas.ts';
import type { Contract } from '#shared/contracts/contract.ts';
import { CONTRACTS } from '#shared/contracts/index.ts';

const ajv = new Ajv2020({ allErrors: true, strict: true, strictRequired: false });
addFormats.default(ajv);

/** Returns what is wrong with a value, in words; empty if it is valid. */
function wrong(schema: TSchema, value: unknown): string[] {
  const validate = ajv.compile(plainSchema(schema));
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
}

function answerSchema(contract: Contract, status: number | undefined): TSchema {
  const answer = contract.success.find((candidate) => status === undefined || candidate.status === status);
  const schema = answer?.body ?? answer?.preferredBody;
  if (schema === undefined) throw new Error(`${contract.name} has an example of an answer that has no body.`);
  return schema;
}

describe.each([...CONTRACTS, ...ADMIN_CONTRACTS, ...BILLING_CONTRACTS])('$name', (contract) => {
  test('every schema is one', () => {
    const schemas = [contract.params, contract.query, contract.body, ...contract.success.map(({ body }) => body)];

    for (const schema of schemas) if (schema !== null) expect(ajv.validateSchema(plainSchema(schema))).toBe(true);
  });

  test('every example is valid', () => {
    const errors = (contract.examples ?? []).flatMap(({ body, answer, status }) => [
      ...(body === undefined || contract.body === null ? [] : wrong(contract.body, body)),
      ...(answer === undefined ? [] : wrong(answerSchema(contract, status), answer)),
    ]);

    expect(errors).toEqual([]);
  });

  test('an answer with a body has an example', () => {
    const withBody = contract.success.some(({ body }) => body !== null);

    expect((contract.examples ?? []).some(({ answer }) => answer !== undefined) || !withBody).toBe(true);
  });

  test('every parameter and every field of the request says what it is', () => {
    const requests = [contract.params, contract.query, contract.body].filter((schema) => schema !== null);
    const silent = requests.flatMap((schema) =>
      Object.entries(plainSchema(schema).properties ?? {}).filter(([, { description }]) => description === undefined),
    );

    expect(silent).toEqual([]);
  });

  test('no failure is listed twice', () => {
    expect(new Set(contract.failures).size).toBe(contract.failures.length);
  });
});

test.each([...NAMED_SCHEMAS])('%s has its own name as its title', (name, schema) => {
  expect(schema.title).toBe(name);
});

test('every field of an answer says what it is', () => {
  const silent = [...NAMED_SCHEMAS].flatMap(([name, schema]) => undescribed(name, schema));

  expect(silent).toEqual([]);
});

function undescribed(name: string, schema: PlainSchema): string[] {
  return Object.entries(schema.properties ?? {})
    .filter(([, { description }]) => description === undefined)
    .map(([field]) => `${name}.${field}`);
}

test('the documented request creates an instance', () => {
  const body = { template_id: 'ubuntu-22-standard', config_id: 'default-network' };

  expect(wrong(COMPUTE_SCHEMAS.CreateInstance, body)).toEqual([]);
});

const DOCUMENTED_INSTANCE = {
  id: 'tw-550e84-a1b2c3d4',
  userId: '550e8400-e29b-41d4-a716-446655440000',
  name: 'tw-550e84-a1b2c3d4',
  zone: 'us-central1-a',
  machineType: 'zones/us-central1-a/machineTypes/n1-standard-2',
  externalIp: '34.120.1.100',
  internalIp: '10.128.0.5',
  status: 'RUNNING',
  templateId: 'ubuntu-22-standard',
  configId: 'default-network',
  createdAt: '2024-01-01T00:00:00Z',
  visibleBy: ['group1'],
};

test.each(['PROVISIONING', 'RUNNING', 'STOPPING', 'TERMINATED', 'STAGING', 'SUSPENDED'])(
  'the documented instance is valid when it is %s',
  (status) => {
    expect(wrong(COMPUTE_SCHEMAS.Instance, { ...DOCUMENTED_INSTANCE, status })).toEqual([]);
  },
);

test.each(Object.keys(DOCUMENTED_INSTANCE))('an instance without %s, or with null there, is not valid', (field) => {
  const without = Object.fromEntries(Object.entries(DOCUMENTED_INSTANCE).filter(([name]) => name !== field));

  expect(wrong(COMPUTE_SCHEMAS.Instance, without)).not.toEqual([]);
  expect(wrong(COMPUTE_SCHEMAS.Instance, { ...DOCUMENTED_INSTANCE, [field]: null })).not.toEqual([]);
});
