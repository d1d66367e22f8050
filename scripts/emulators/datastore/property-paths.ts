import { invalidArgument } from './status-error.ts';
import type { WireEntity, WireProperties, WirePropertyMask, WireValue } from './wire.ts';

/** Parses a path: `a.b` is property b of the entity value a. A backslash escapes a dot or backslash in a name. */
export function parsePath(path: string): readonly string[] {
  const names: string[] = [];
  let name = '';
  for (let at = 0; at < path.length; at += 1) {
    const character = path.charAt(at);
    if (character === '\\') {
      at += 1;
      name += path.charAt(at);
    } else if (character === '.') {
      names.push(name);
      name = '';
    } else {
      name += character;
    }
  }
  names.push(name);
  if (names.includes('')) throw invalidArgument(`Invalid property path "${path}".`);
  return names;
}

export function valueAt(properties: WireProperties, path: readonly string[]): WireValue | undefined {
  const [name = '', ...rest] = path;
  const value = Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (rest.length === 0) return value;
  return value?.valueType === 'entityValue' ? valueAt(value.entityValue.properties, rest) : undefined;
}

/** Returns the properties with `value` at `path`, or without that property if `value` is undefined. */
export function withValueAt(
  properties: WireProperties,
  path: readonly string[],
  value: WireValue | undefined,
): WireProperties {
  const [name = '', ...rest] = path;
  const result: Record<string, WireValue> = { ...properties };
  if (rest.length === 0) {
    if (value === undefined) Reflect.deleteProperty(result, name);
    else result[name] = value;
    return result;
  }
  const outer = Object.hasOwn(properties, name) ? properties[name] : undefined;
  const inner = outer?.valueType === 'entityValue' ? outer.entityValue : undefined;
  if (inner === undefined && value === undefined) return properties;
  result[name] = {
    valueType: 'entityValue',
    entityValue: { key: inner?.key ?? null, properties: withValueAt(inner?.properties ?? {}, rest, value) },
    ...(outer?.excludeFromIndexes === true && { excludeFromIndexes: true }),
  };
  return result;
}

/** Returns an entity reduced to a property mask, as a read does. */
export function masked(entity: WireEntity, mask: WirePropertyMask): WireEntity {
  let properties: WireProperties = {};
  for (const path of mask.paths) {
    if (path === '__key__') continue;
    const names = parsePath(path);
    const value = valueAt(entity.properties, names);
    if (value !== undefined) properties = withValueAt(properties, names, value);
  }
  return { key: entity.key ?? null, properties };
}

/**
 * Returns the result of a write with a property mask: the stored properties, with those of the mask replaced or
 * removed.
 */
export function merged(stored: WireProperties, written: WireProperties, mask: WirePropertyMask): WireProperties {
  let properties = stored;
  for (const path of mask.paths) {
    if (path === '__key__') continue;
    const names = parsePath(path);
    properties = withValueAt(properties, names, valueAt(written, names));
  }
  return properties;
}
