/**
 * Implements Cloud Logging's query language as far as filters of sinks, exclusions and metrics use it
 * (https://docs.cloud.google.com/logging/docs/view/logging-query-language). Unsupported syntax throws, because a
 * misread filter would match other entries than the service's.
 */
export type LogFilter = (entry: unknown) => boolean;

/** Parses a filter. Throws SyntaxError if Cloud Logging would refuse the filter, or if it uses unsupported syntax. */
export function parseLogFilter(text: string): LogFilter {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return () => true;
  const reader = new Reader(tokens);
  const filter = conjunction(reader);
  if (reader.peek() !== undefined) throw new SyntaxError(`Unexpected "${reader.peek()?.text ?? ''}" in a log filter.`);
  return filter;
}

interface Token {
  readonly kind: 'word' | 'text' | 'operator' | 'bracket';
  readonly text: string;
}

const TOKEN = /\s*(?:"((?:[^"\\]|\\.)*)"|(!=|=~|!~|>=|<=|[=:<>])|([()])|(-?[^\s"()=!<>:~]+))/y;

function tokensOf(text: string): Token[] {
  // `--` begins a comment.
  const source = text.replaceAll(/--.*$/gm, '').trimEnd();
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (match === null) throw new SyntaxError(`A log filter cannot be read from "${source.slice(at, at + 30)}".`);
    const [, quoted, operator, bracket, word = ''] = match;
    if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replaceAll(/\\(["\\])/g, '$1') });
    else if (operator !== undefined) tokens.push({ kind: 'operator', text: operator });
    else if (bracket !== undefined) tokens.push({ kind: 'bracket', text: bracket });
    else tokens.push({ kind: 'word', text: word });
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  next(): Token {
    const token = this.peek();
    if (token === undefined) throw new SyntaxError('A log filter ends too early.');
    this.#at += 1;
    return token;
  }

  /** Consumes the next token if it is this one. */
  take(text: string): boolean {
    const token = this.peek();
    if (token === undefined || token.kind === 'text' || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) throw new SyntaxError(`"${text}" is missing in a log filter.`);
  }
}

/** Parses parts joined by AND or by nothing. OR binds more tightly than AND in this language. */
function conjunction(reader: Reader): LogFilter {
  const parts = [disjunction(reader)];
  for (let token = reader.peek(); token !== undefined && token.text !== ')'; token = reader.peek()) {
    reader.take('AND');
    parts.push(disjunction(reader));
  }
  return (entry) => parts.every((part) => part(entry));
}

function disjunction(reader: Reader): LogFilter {
  const parts = [negation(reader)];
  while (reader.take('OR')) parts.push(negation(reader));
  return (entry) => parts.some((part) => part(entry));
}

function negation(reader: Reader): LogFilter {
  if (!reader.take('NOT')) return term(reader);
  const part = negation(reader);
  return (entry) => !part(entry);
}

function term(reader: Reader): LogFilter {
  if (reader.take('(')) {
    const inner = conjunction(reader);
    reader.expect(')');
    return inner;
  }
  const { kind, text } = reader.next();
  if (kind !== 'word') throw new SyntaxError(`A log filter has "${text}" where a field is expected.`);
  if (text === 'log_id') return logId(reader);
  return comparison(text, reader);
}

function logId(reader: Reader): LogFilter {
  reader.expect('(');
  const id = reader.next().text;
  reader.expect(')');
  return (entry) => valuesAt(entry, ['logName']).some((name) => decodeURIComponent(name).endsWith(`/logs/${id}`));
}

type Test = (value: string) => boolean;

function comparison(field: string, reader: Reader): LogFilter {
  const path = field.split('.');
  const { kind, text: operator } = reader.next();
  if (kind !== 'operator') throw new SyntaxError(`No operator follows ${field} in a log filter.`);
  const wanted = values(reader);
  if (operator === ':' && wanted.length === 1 && wanted[0] === '*') {
    return (entry) => valuesAt(entry, path).length > 0;
  }
  const negated = operator.startsWith('!');
  const tests = wanted.map((value) => testOf(operator, value));
  return (entry) => valuesAt(entry, path).some((value) => tests.some((test) => test(value))) !== negated;
}

/** Parses one value, or a list in parentheses joined by OR. */
function values(reader: Reader): readonly string[] {
  if (!reader.take('(')) return [reader.next().text];
  const list = [reader.next().text];
  while (reader.take('OR')) list.push(reader.next().text);
  reader.expect(')');
  return list;
}

/** Returns the comparison of an operator. Only regular expressions distinguish upper and lower case. */
function testOf(operator: string, wanted: string): Test {
  const lower = wanted.toLowerCase();
  switch (operator) {
    case '=':
    case '!=':
      return (value) => value.toLowerCase() === lower;
    case ':':
      return (value) => value.toLowerCase().includes(lower);
    case '=~':
    case '!~': {
      const pattern = new RegExp(wanted);
      return (value) => pattern.test(value);
    }
    case '>=':
      return (value) => Number(value) >= Number(wanted);
    case '<=':
      return (value) => Number(value) <= Number(wanted);
    case '>':
      return (value) => Number(value) > Number(wanted);
    case '<':
      return (value) => Number(value) < Number(wanted);
    default:
      throw new SyntaxError(`The operator ${operator} of a log filter is not implemented.`);
  }
}

/** Returns the scalar values at a path; a list on the way contributes the values of all its items. */
function valuesAt(value: unknown, path: readonly string[]): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => valuesAt(item, path));
  const [name, ...rest] = path;
  if (name === undefined) return scalar(value);
  if (typeof value !== 'object' || value === null) return [];
  const member = Object.entries(value).find(([key]) => key === name)?.[1] as unknown;
  return member === undefined ? [] : valuesAt(member, rest);
}

function scalar(value: unknown): readonly string[] {
  switch (typeof value) {
    case 'string':
      return [value];
    case 'number':
    case 'boolean':
    case 'bigint':
      return [String(value)];
    case 'object':
      // A message matches `:*` if it exists, and nothing else: it has no value to compare.
      return value !== null && Object.keys(value).length > 0 ? [''] : [];
    default:
      return [];
  }
}
