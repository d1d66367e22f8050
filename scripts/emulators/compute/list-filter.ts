import { ComputeError } from './compute-error.ts';
import { isJsonObject } from './json-object.ts';

/** Whether a resource belongs to the list. */
export type ListFilter = (resource: object) => boolean;

type Operator = '!=' | '<=' | '>=' | '=' | '<' | '>' | ':';

/**
 * Parses Compute Engine's list filters: AIP-160 comparisons (`labels.env=prod`, `labels.env:*`, AND, OR, NOT,
 * parentheses; OR binds more tightly than AND), or regular expressions (`name eq 'web-.*'`), but not both in one
 * filter. `fields` are the members that the resource can have. Throws a 400 for an invalid filter.
 */
export function parseListFilter(text: string, fields: ReadonlySet<string>): ListFilter {
  if (text.trim() === '') return () => true;
  return new FilterParser(text, fields).parse();
}

class FilterParser {
  readonly #text: string;
  readonly #fields: ReadonlySet<string>;
  readonly #kinds = new Set<'comparison' | 'expression'>();
  #at = 0;

  constructor(text: string, fields: ReadonlySet<string>) {
    this.#text = text;
    this.#fields = fields;
  }

  parse(): ListFilter {
    const filter = this.#conjunction();
    this.#skipSpace();
    if (this.#at < this.#text.length || this.#kinds.size > 1) throw this.#invalid();
    return filter;
  }

  #conjunction(): ListFilter {
    const parts = [this.#disjunction()];
    for (;;) {
      this.#skipSpace();
      if (this.#at === this.#text.length || this.#text[this.#at] === ')') break;
      this.#word('AND');
      parts.push(this.#disjunction());
    }
    return (resource) => parts.every((part) => part(resource));
  }

  #disjunction(): ListFilter {
    const parts = [this.#term()];
    while (this.#word('OR')) parts.push(this.#term());
    return (resource) => parts.some((part) => part(resource));
  }

  #term(): ListFilter {
    if (this.#word('NOT') || this.#take(/-(?=[A-Za-z(])/y) !== undefined) {
      const term = this.#term();
      return (resource) => !term(resource);
    }
    if (this.#take(/\(/y) !== undefined) {
      const filter = this.#conjunction();
      this.#skipSpace();
      if (this.#take(/\)/y) === undefined) throw this.#invalid();
      return filter;
    }
    return this.#comparison();
  }

  #comparison(): ListFilter {
    const path = this.#field();
    const operator = this.#take(/!=|<=|>=|[=<>:]/y);
    if (operator === undefined) {
      const word = this.#take(/(eq|ne)(?=\s)/y);
      if (word === undefined) throw this.#invalid();
      this.#kinds.add('expression');
      const pattern = this.#pattern(this.#value());
      return (resource) => valuesAt(resource, path).some((value) => pattern.test(String(value))) === (word === 'eq');
    }
    this.#kinds.add('comparison');
    const wanted = this.#value();
    return (resource) => compare(valuesAt(resource, path), operator as Operator, wanted);
  }

  #field(): readonly string[] {
    const path: string[] = [];
    do {
      const quoted = this.#take(/"[^"]*"/y);
      const name = quoted?.slice(1, -1) ?? this.#take(/[A-Za-z0-9_-]+/y);
      if (name === undefined) throw this.#invalid();
      path.push(name);
    } while (this.#take(/\./y) !== undefined);
    if (!this.#fields.has(path[0] ?? '')) throw this.#invalid();
    return path;
  }

  #value(): string {
    const quoted = this.#take(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y);
    if (quoted !== undefined) return quoted.slice(1, -1).replace(/\\(["'\\])/g, '$1');
    const bare = this.#take(/[^\s()"']+/y);
    if (bare === undefined) throw this.#invalid();
    return bare;
  }

  #pattern(source: string): RegExp {
    try {
      return new RegExp(`^(?:${source})$`);
    } catch {
      // Like Compute Engine, the error does not say which part of the expression is wrong.
      throw this.#invalid();
    }
  }

  #word(word: string): boolean {
    return this.#take(new RegExp(`${word}(?=[\\s(])`, 'y')) !== undefined;
  }

  #take(pattern: RegExp): string | undefined {
    this.#skipSpace();
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #invalid(): ComputeError {
    return new ComputeError(
      400,
      'invalid',
      `Invalid value for field 'filter': '${this.#text}'. Invalid list filter expression.`,
      'filter',
    );
  }
}

/** Returns the values at a path; a list on the way contributes the values of all its items. */
function valuesAt(value: unknown, path: readonly string[]): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, path));
  const [member, ...rest] = path;
  if (member === undefined) return value === undefined || value === null ? [] : [value];
  return isJsonObject(value) && Object.hasOwn(value, member) ? valuesAt(value[member], rest) : [];
}

function compare(values: readonly unknown[], operator: Operator, wanted: string): boolean {
  switch (operator) {
    case '=':
      return values.some((value) => !isJsonObject(value) && String(value) === wanted);
    case '!=':
      return !values.some((value) => !isJsonObject(value) && String(value) === wanted);
    case ':':
      return values.some((value) => has(value, wanted));
    case '<':
      return values.some((value) => order(value, wanted) < 0);
    case '<=':
      return values.some((value) => order(value, wanted) <= 0);
    case '>':
      return values.some((value) => order(value, wanted) > 0);
    case '>=':
      return values.some((value) => order(value, wanted) >= 0);
  }
}

function has(value: unknown, wanted: string): boolean {
  if (wanted === '*') return true;
  if (isJsonObject(value)) return Object.hasOwn(value, wanted);
  return typeof value === 'string' ? value.includes(wanted.replace(/\*$/, '')) : String(value) === wanted;
}

/**
 * Compares as times, numbers or texts: negative, zero or positive. NaN for an object, for which no comparison holds.
 */
function order(value: unknown, wanted: string): number {
  if (isJsonObject(value)) return Number.NaN;
  const text = String(value);
  const times = [text, wanted].map((item) => (/^\d{4}-\d\d-\d\dT/.test(item) ? Date.parse(item) : Number.NaN));
  const numbers = [text, wanted].map((item) => (item.trim() === '' ? Number.NaN : Number(item)));
  for (const [a = Number.NaN, b = Number.NaN] of [times, numbers]) {
    if (!Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  }
  if (text === wanted) return 0;
  return text < wanted ? -1 : 1;
}
