import type { TSchema } from 'typebox';

/** A JSON Schema as plain data. */
export interface PlainSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, PlainSchema>>;
  readonly required?: readonly string[];
  readonly items?: PlainSchema;
  readonly anyOf?: readonly PlainSchema[];
}

const FIRST = ['$ref', 'title', 'description', 'type'];
/** Keywords whose value maps names to schemas; the names keep their order. */
const MAPS = new Set(['properties', 'patternProperties', 'dependentSchemas']);
/** Keywords whose value is data, not a schema. */
const DATA = new Set(['enum', 'const', 'default', 'examples', 'required', 'example']);

/**
 * Returns the schema without TypeBox's hidden markers and with its keywords in a fixed order, because the library may
 * change its own order.
 */
export function plainSchema(schema: TSchema): PlainSchema {
  // The cast is safe: JSON.parse returns plain data, and a TypeBox schema is an object.
  return ordered(JSON.parse(JSON.stringify(schema)) as PlainSchema);
}

function ordered(schema: PlainSchema): PlainSchema {
  const keywords = Object.keys(schema).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(keywords.map((keyword) => [keyword, orderedValue(keyword, schema[keyword])]));
}

function orderedValue(keyword: string, value: unknown): unknown {
  if (DATA.has(keyword)) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => (isObject(item) ? ordered(item) : item));
  if (!isObject(value)) return value;
  if (!MAPS.has(keyword)) return ordered(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, schema]) => [name, isObject(schema) ? ordered(schema) : schema]),
  );
}

function rank(keyword: string): number {
  const place = FIRST.indexOf(keyword);
  return place === -1 ? FIRST.length : place;
}

function isObject(value: unknown): value is PlainSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Returns the schema from which a check is compiled: without texts for people, and in the keywords of draft 7, for
 * which ajv generates half the code that it generates for 2020-12.
 */
export function checkedSchema(schema: TSchema): PlainSchema {
  return withoutText(plainSchema(schema));
}

const TEXT = new Set(['title', 'description', 'examples']);
const DRAFT_7: Readonly<Record<string, string>> = {
  dependentSchemas: 'dependencies',
  dependentRequired: 'dependencies',
};

function withoutText(schema: PlainSchema): PlainSchema {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([keyword]) => !TEXT.has(keyword))
      .map(([keyword, value]) => [DRAFT_7[keyword] ?? keyword, withoutTextIn(keyword, value)]),
  );
}

function withoutTextIn(keyword: string, value: unknown): unknown {
  if (DATA.has(keyword)) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => (isObject(item) ? withoutText(item) : item));
  if (!isObject(value)) return value;
  if (!MAPS.has(keyword)) return withoutText(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, schema]) => [name, isObject(schema) ? withoutText(schema) : schema]),
  );
}

/** Whether a schema, or one inside it, has a default. A member named `default` does not count. */
export function hasDefault(schema: PlainSchema): boolean {
  return Object.entries(schema).some(([keyword, value]) => {
    if (keyword === 'default') return true;
    if (DATA.has(keyword)) return false;
    const inside = MAPS.has(keyword) && isObject(value) ? Object.values(value) : [value].flat();
    return inside.some((part: unknown) => isObject(part) && hasDefault(part));
  });
}
