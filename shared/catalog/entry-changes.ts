/** One member that would be different. */
export interface MemberChange {
  /** Path inside the entry: `perMinute.create`. */
  readonly member: string;
  /** `undefined`: there is none. */
  readonly from: unknown;
  readonly to: unknown;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members in which two entries differ, by name. Lists are compared as a whole: their order means something. */
export function entryChanges(from: unknown, to: unknown, path = ''): readonly MemberChange[] {
  if (isObject(to) && from === undefined) return entryChanges({}, to, path);
  if (isObject(from) && isObject(to)) {
    const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return names.flatMap((name) => entryChanges(from[name], to[name], path === '' ? name : `${path}.${name}`));
  }
  return canonical(from) === canonical(to) ? [] : [{ member: path, from, to }];
}

/** JSON text in which the order of members does not matter. */
function canonical(value: unknown): string | undefined {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item) ?? 'null').join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name]) ?? 'null'}`).join(',')}}`;
}
