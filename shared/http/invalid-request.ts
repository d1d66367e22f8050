import type { CheckError } from '#shared/contracts/contract.ts';
import { Failure, type InvalidField } from '#shared/domain/failure.ts';
import type { ReasonOf } from '#shared/domain/reasons.ts';

/** Converts the schema errors of one part of a request to messages for the caller, without duplicates. */
export function invalidFields(place: InvalidField['place'], errors: readonly CheckError[]): readonly InvalidField[] {
  const fields = errors.filter((error) => !WRAPPERS.has(error.keyword)).map((error) => toField(place, error));
  const shown = fields.length > 0 ? fields : errors.map((error) => toField(place, error));
  const seen = new Set<string>();
  return shown.filter(({ pointer, message }) => {
    const key = `${pointer}\n${message}`;
    return seen.size < seen.add(key).size;
  });
}

/** Keywords whose errors only repeat that a nested schema failed. */
const WRAPPERS: ReadonlySet<string> = new Set(['if', 'anyOf', 'oneOf', 'allOf', 'not']);

function toField(place: InvalidField['place'], error: CheckError): InvalidField {
  const { keyword: rule, params } = error;
  if (rule === 'required') {
    const name = String(params['missingProperty']);
    return { place, pointer: `${error.instancePath}/${escapePointer(name)}`, message: 'is required', rule };
  }
  if (rule === 'additionalProperties' || rule === 'unevaluatedProperties') {
    const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
    return { place, pointer: `${error.instancePath}/${escapePointer(name)}`, message: 'is not known', rule };
  }
  if (rule === 'propertyNames') {
    const name = String(params['propertyName']);
    return { place, pointer: `${error.instancePath}/${escapePointer(name)}`, message: 'is not a possible name', rule };
  }
  if (rule === 'enum' && Array.isArray(params['allowedValues'])) {
    return {
      place,
      pointer: error.instancePath,
      message: `must be one of ${params['allowedValues'].join(', ')}`,
      rule,
    };
  }
  return { place, pointer: error.instancePath, message: error.message ?? 'is not valid', rule };
}

function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Returns one failure that names all invalid fields. */
export function invalidRequest(fields: readonly InvalidField[], reason?: ReasonOf<'invalid_request'>): Failure {
  const text = fields
    .map(({ place, pointer, message }) => `${place}${pointer.replaceAll('/', '.')} ${message}`)
    .join('; ');
  return new Failure('invalid_request', `The request is not valid: ${text}.`, {
    fields,
    ...(reason === undefined ? {} : { reason }),
  });
}
