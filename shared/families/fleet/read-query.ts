import { parseQuery } from '#shared/http/request.ts';

/** Parameters that are lists end so. */
const LIST_END = '_in';
/** Lists of another name. */
const LISTS: ReadonlySet<string> = new Set(['instance_types']);
/** A `+` of an offset that was sent unescaped arrives as a space. */
const TIME_END = '_time';

/**
 * The query as this family writes it. A parameter that is sent empty is one that is not sent; a list is comma-separated,
 * or a repeated parameter, or both.
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
