import type { Check, CheckError } from './contract.ts';

// Wraps the functions that ajv compiled into the generated files as checks.

/** A function that ajv compiled. It stores the errors of its last call in its own property. */
export interface CompiledSchema {
  (data: unknown): boolean;
  errors?: readonly CompiledError[] | null;
}

export interface CompiledError extends CheckError {
  readonly schemaPath: string;
}

/** The type to which the text of a query parameter is converted. */
export type QueryKind = 'text' | 'integer' | 'number' | 'boolean';
export type QueryKinds = Readonly<Record<string, { readonly kind: QueryKind; readonly many: boolean }>>;

/** Returns a check that does not convert values, for path parameters and bodies. */
export function exactCheck<T>(compiled: CompiledSchema): Check<T> {
  return (input) => {
    // T is the type of the schema from which `compiled` was generated.
    if (compiled(input)) return { valid: true, value: input as T };
    return { valid: false, errors: errorsOf(compiled) };
  };
}

/**
 * Returns a check for queries, whose values are texts, or lists of texts for repeated parameters. A text is converted
 * to the schema's type if it is written in the usual form; ajv's own coercion would also accept `0x10`, `1e1` and ` 5
 * `. `unknown` decides whether a parameter that the schema does not name is an error or is omitted.
 */
export function queryCheck<T>(
  compiled: CompiledSchema,
  kinds: QueryKinds,
  unknown: 'refuse unknown' | 'ignore unknown' = 'refuse unknown',
): Check<T> {
  return (input) => {
    const repeated: CheckError[] = [];
    // No prototype, so that a parameter named __proto__ is treated like any other unknown parameter.
    const values = Object.create(null) as Record<string, unknown>;
    for (const [name, sent] of Object.entries(input ?? {})) {
      const expected = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
      if (expected === undefined && unknown === 'ignore unknown') continue;
      const texts: readonly unknown[] = Array.isArray(sent) ? sent : [sent];
      const converted = texts.map((text) => fromText(text, expected?.kind ?? 'text'));
      if (expected?.many === true) {
        values[name] = converted;
      } else {
        values[name] = converted[0];
        if (expected !== undefined && texts.length !== 1) repeated.push(sentOnce(name));
      }
    }
    const valid = compiled(values);
    if (valid && repeated.length === 0) return { valid: true, value: { ...values } as T };
    return { valid: false, errors: valid ? repeated : [...repeated, ...errorsOf(compiled)] };
  };
}

function sentOnce(name: string): CheckError {
  return { instancePath: `/${name}`, keyword: 'repeated', params: { parameter: name }, message: 'must be sent once' };
}

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** Converts a text to a kind. A text in another form is returned unchanged and then fails the schema. */
function fromText(text: unknown, kind: QueryKind): unknown {
  if (typeof text !== 'string') return text;
  switch (kind) {
    case 'integer':
      return INTEGER.test(text) ? Number(text) : text;
    case 'number':
      return NUMBER.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || (text === 'false' ? false : text);
    case 'text':
      return text;
  }
}

/**
 * Maximum number of errors in one response. Without it, a list of a hundred thousand invalid items would get a response
 * forty times its size.
 */
const ERRORS_MAX = 50;

/**
 * Returns ajv's errors in a form for humans. Errors of `if` are dropped, because those of its `then` are more precise.
 * Errors inside `propertyNames` are dropped, because the error of `propertyNames` itself names the property. An error
 * for a member that excludes another one names that other member.
 */
function errorsOf(compiled: CompiledSchema): CheckError[] {
  const errors: CheckError[] = [];
  const found = compiled.errors ?? [];
  for (const [index, { instancePath, keyword, params, message, schemaPath }] of found.entries()) {
    if (errors.length === ERRORS_MAX) {
      const left = `and up to ${found.length - index} more mistakes`;
      errors.push({ instancePath: '', keyword: 'more', params: {}, message: left });
      break;
    }
    if (keyword === 'if' || schemaPath.includes('/propertyNames/')) continue;
    const beside = keyword === 'false schema' ? /\/dependencies\/([^/]+)\//.exec(schemaPath)?.[1] : undefined;
    const text = beside === undefined ? message : `must not be sent together with ${beside}`;
    errors.push({ instancePath, keyword, params, ...(text === undefined ? {} : { message: text }) });
  }
  return errors;
}

/** Returns a text's length in code points, as JSON Schema defines it. Called by the generated checks. */
export function codePoints(text: string): number {
  return Array.from(text).length;
}
