import { parseQuery } from '#shared/http/request.ts';

/** Parameters with this suffix are lists. */
const LIST_END = '_in';
/** Parameters without the suffix that are lists, too. */
const LISTS: ReadonlySet<string> = new Set(['instance_types']);
/** Suffix of time parameters. In them, a space stands for an offset's `+` that the client did not escape. */
const TIME_END = '_time';

/**
 * Parses a query in this family's format. An empty parameter counts as absent; a list is comma-separated, a repeated
 * parameter, or both.
 */
export function readQuery(query: string): ReturnType<typeof parseQuery> {
  const read: Record<string, string | readonly string[]> = Object.create(null) as Record<string, string>;
  for (const [name, sent] of Object.entries(parseQuery(query))) {
    const texts = (typeof sent === 'string' ? [sent] : sent).flatMap((text) => parts(name, text));
    const [first] = texts;
    if (first !== undefined) read[name] = texts.length === 1 ? first : texts;
  }
  return read;
}

function parts(name: string, text: string): readonly string[] {
  const words = name.endsWith(LIST_END) || LISTS.has(name) ? text.split(',').map((word) => word.trim()) : [text];
  return words.filter((word) => word !== '').map((word) => (name.endsWith(TIME_END) ? word.replace(' ', '+') : word));
}
