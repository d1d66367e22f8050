/** One member that differs between two entries. */
export interface MemberChange {
  /** Path inside the entry: `perMinute.create`. */
  readonly member: string;
  /** `undefined`: the member is absent. */
  readonly from: unknown;
  readonly to: unknown;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Returns the members in which two entries differ, by name. Lists are compared as a whole, because their order matters.
 */
export function entryChanges(from: unknown, to: unknown, path = ''): readonly MemberChange[] {
  if (isObject(to) && from === undefined) return entryChanges({}, to, path);
  if (isObject(from) && isObject(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return names.flatMap((name) => entryChanges(from[name], to[name], path === '' ? name : `${path}.${name}`));
  }
  return canonical(from) === canonical(to) ? [] : [{ member: path, from, to }];
}

/** Returns JSON text with sorted members, so that their order does not matter. */
function canonical(value: unknown): string | undefined {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item) ?? 'null').join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name]) ?? 'null'}`).join(',')}}`;
}
