import { Ajv, type ErrorObject } from 'ajv';
import formats from 'ajv-formats';
import type { Catalog } from '#shared/catalog/catalog.ts';
import { Failure, type InvalidField } from '#shared/domain/failure.ts';
import { CATALOG_SCHEMA } from './catalog-schema.ts';

const ajv = new Ajv({ allErrors: true, verbose: true });
formats.default(ajv, ['date-time']);
const isCatalog = ajv.compile<Catalog>(CATALOG_SCHEMA);

/**
 * Parses a catalogue file.
 *
 * Throws `invalid_request` with every error found, each with a JSON pointer and what is allowed there.
 */
export function parseCatalog(text: string): Catalog {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Failure('invalid_request', `The catalogue is not JSON: ${why}`, { reason: 'malformed_json' });
  }
  if (isCatalog(value)) return value;
  const fields = (isCatalog.errors ?? []).flatMap(toField);
  throw new Failure('invalid_request', 'The catalogue is not as it must be.', { fields });
}

function toField(error: ErrorObject): readonly InvalidField[] {
  const params: Readonly<Record<string, unknown>> = error.params;
  const field = (pointer: string, message: string): readonly InvalidField[] => [
    { place: 'body', pointer, rule: error.keyword, message },
  ];
  switch (error.keyword) {
    case 'required':
      return field(`${error.instancePath}/${String(params['missingProperty'])}`, 'is missing');
    case 'additionalProperties':
      return field(
        `${error.instancePath}/${escaped(String(params['additionalProperty']))}`,
        `is not known here; known are ${Object.keys(membersOf(error)).join(', ')}`,
      );
    case 'propertyNames':
      return field(`${error.instancePath}/${escaped(String(params['propertyName']))}`, `must be ${idsOf(error)}`);
    default:
      // An invalid name is reported once, by the case above.
      if (error.propertyName !== undefined) return [];
      return field(error.instancePath, `must be ${descriptionOf(error.parentSchema)}; it is ${shown(error.data)}`);
  }
}

function descriptionOf(schema: unknown): string {
  const { description } = schema as { readonly description?: unknown };
  return typeof description === 'string' ? description : 'something else';
}

function membersOf(error: ErrorObject): Readonly<Record<string, unknown>> {
  return (error.parentSchema?.['properties'] ?? {}) as Readonly<Record<string, unknown>>;
}

function idsOf(error: ErrorObject): string {
  return descriptionOf(error.parentSchema?.['propertyNames'] ?? {});
}

/** Returns a value for a message, shortened to its beginning. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Escapes a member's name for a JSON pointer (RFC 6901). */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
