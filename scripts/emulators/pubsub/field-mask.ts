import { invalidArgument } from './status-error.ts';

/**
 * Returns `current` with those fields of `update` that the mask names. A path may use the wire's snake_case or JSON's
 * camelCase and may name a nested field (`push_config.push_endpoint`). `fields` are the fields that may change after
 * creation.
 */
export function applyFieldMask<T extends object>(
  change: { readonly current: T; readonly update: T; readonly paths: readonly string[] },
  fields: readonly (keyof T & string)[],
): T {
  if (change.paths.length === 0) {
    throw invalidArgument('The update_mask in the update request is empty or not set.');
  }
  let result = change.current;
  for (const path of change.paths) {
    const [name, inner, ...rest] = path.split('.').map(toCamelCase);
    const field = fields.find((candidate) => candidate === name);
    if (field === undefined || rest.length > 0) {
      throw invalidArgument(`Invalid update_mask provided: '${path}' is not a known or not a mutable field.`);
    }
    const value = inner === undefined ? change.update[field] : replaceInner(result[field], change.update[field], inner);
    result = { ...result, [field]: value };
  }
  return result;
}

function replaceInner(current: unknown, update: unknown, inner: string): unknown {
  return { ...asRecord(current), [inner]: asRecord(update)[inner] };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function toCamelCase(path: string): string {
  return path.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
