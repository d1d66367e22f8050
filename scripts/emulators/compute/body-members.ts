import { ComputeError } from './compute-error.ts';
import { isJsonObject } from './json-object.ts';
import type { JsonObject } from './json-object.ts';

/*
 * Typed readers of a request body's members. An absent member and an explicit null are the same, as in proto3 JSON. A
 * member of another type is refused with the text of Google's front end.
 */

function wrongType(path: string, type: string, value: unknown): ComputeError {
  return new ComputeError(400, 'invalid', `Invalid value at '${path}' (${type}), ${JSON.stringify(value)}`);
}

export function readText(body: JsonObject, member: string, path: string): string | undefined {
  const value = body[member] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw wrongType(`${path}.${member}`, 'TYPE_STRING', value);
}

/** Reads a text that counts as absent if it is empty, such as a reference. */
export function readReference(body: JsonObject, member: string, path: string): string | undefined {
  const text = readText(body, member, path);
  return text === '' ? undefined : text;
}

export function readFlag(body: JsonObject, member: string, path: string): boolean | undefined {
  const value = body[member] ?? undefined;
  if (value === undefined || typeof value === 'boolean') return value;
  throw wrongType(`${path}.${member}`, 'TYPE_BOOL', value);
}

/** Reads a 64-bit integer, which JSON carries as text; a plain number is accepted too. */
export function readInteger(body: JsonObject, member: string, path: string): number | undefined {
  const value = body[member] ?? undefined;
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw wrongType(`${path}.${member}`, 'TYPE_INT64', value);
}

export function readObject(body: JsonObject, member: string, path: string): JsonObject | undefined {
  const value = body[member] ?? undefined;
  if (value === undefined || isJsonObject(value)) return value;
  throw wrongType(`${path}.${member}`, 'TYPE_MESSAGE', value);
}

export function readObjects(body: JsonObject, member: string, path: string): readonly JsonObject[] {
  const value = body[member] ?? [];
  if (Array.isArray(value) && value.every(isJsonObject)) return value;
  throw wrongType(`${path}.${member}`, 'TYPE_MESSAGE', value);
}

export function readTexts(body: JsonObject, member: string, path: string): readonly string[] {
  const value = body[member] ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw wrongType(`${path}.${member}`, 'TYPE_STRING', value);
}

export function readTextMap(body: JsonObject, member: string, path: string): Readonly<Record<string, string>> {
  const map: Record<string, string> = {};
  for (const [key, value] of Object.entries(readObject(body, member, path) ?? {})) {
    if (typeof value !== 'string') throw wrongType(`${path}.${member}[${key}].value`, 'TYPE_STRING', value);
    map[key] = value;
  }
  return map;
}
