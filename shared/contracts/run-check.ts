import type { Check, CheckError } from './contract.ts';

// The generated files hold ajv's compiled functions; this makes checks of them.

/** A function that ajv compiled. It leaves its errors on itself. */
export interface CompiledSchema {
  (data: unknown): boolean;
  errors?: readonly CompiledError[] | null;
}

export interface CompiledError extends CheckError {
  readonly schemaPath: string;
}

/** What the text of a query parameter is turned into. */
export type QueryKind = 'text' | 'integer' | 'number' | 'boolean';
export type QueryKinds = Readonly<Record<string, { readonly kind: QueryKind; readonly many: boolean }>>;

/** For path parameters and bodies: the value is taken as it is. */
export function exactCheck<T>(compiled: CompiledSchema): Check<T> {
  return (input) => {
    // The schema that `compiled` was made from is the one that T was made from.
    if (compiled(input)) return { valid: true, value: input as T };
    return { valid: false, errors: told(compiled) };
  };
}

/**
 * For queries, whose values arrive as text, or as a list of texts when a parameter was repeated. Text is turned into what
 * the schema asks for when it is written the plain way; ajv's own coercion would also take `0x10`, `1e1` and ` 5 `.
 * A parameter that the schema does not name fails it, or is left out of the value, as `unknown` says.
 */
export function queryCheck<T>(
  compiled: CompiledSchema,
  kinds: QueryKinds,
  unknown: 'refuse unknown' | 'ignore unknown' = 'refuse unknown',
): Check<T> {
  return (input) => {
    const repeated: CheckError[] = [];
    // Without a prototype, so that a parameter called __proto__ is as unknown as any other.
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
    return { valid: false, errors: valid ? repeated : [...repeated, ...told(compiled)] };
  };
}

function sentOnce(name: string): CheckError {
  return { instancePath: `/${name}`, keyword: 'repeated', params: { parameter: name }, message: 'must be sent once' };
}

const INTEGER = /^-?(?:0|[1-9]\d*)$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** Text that is not written like the kind stays text, and fails the schema's type. */
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

/** Mistakes that one answer names. A list of a hundred thousand wrong items would be answered at forty times its size. */
const TOLD_MAX = 50;

/**
 * The errors as people should hear them. `if` says only that its `then` failed, which the `then` has said better;
 * `propertyNames` says which name it is, which the rule inside of it does not; a property that is `false` beside another
 * one says which one.
 */
function told(compiled: CompiledSchema): CheckError[] {
  const errors: CheckError[] = [];
  const found = compiled.errors ?? [];
  for (const [index, { instancePath, keyword, params, message, schemaPath }] of found.entries()) {
    if (errors.length === TOLD_MAX) {
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

/** Length as JSON Schema counts it: in code points. The generated checks call it. */
export function codePoints(text: string): number {
  return Array.from(text).length;
}
