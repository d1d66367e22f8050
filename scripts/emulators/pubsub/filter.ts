import { invalidArgument } from './status-error.ts';

export type Attributes = Readonly<Record<string, string>>;
export type Filter = (attributes: Attributes) => boolean;

/** Source: https://docs.cloud.google.com/pubsub/docs/subscription-message-filter */
const FILTER_BYTES_MAX = 256;

const TOKENS = /\s*(?:(?<string>"(?:[^"\\]|\\.)*")|(?<word>[A-Za-z_][A-Za-z0-9_-]*)|(?<sign>!=|[=:.,()-]))/gy;

interface Token {
  readonly kind: 'string' | 'word' | 'sign';
  readonly text: string;
}

/**
 * Compiles a subscription's filter; an empty filter matches every message. AND and OR cannot be mixed without
 * parentheses, as in production. Throws INVALID_ARGUMENT for an invalid filter.
 */
export function parseFilter(text: string): Filter {
  if (text.trim() === '') return () => true;
  if (Buffer.byteLength(text) > FILTER_BYTES_MAX) {
    throw invalidArgument(`A filter has at most ${FILTER_BYTES_MAX} bytes.`);
  }
  return new FilterParser(text).parse();
}

class FilterParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = this.#tokenize();
  }

  parse(): Filter {
    const filter = this.#expression();
    if (this.#next < this.#tokens.length) throw this.#refusal();
    return filter;
  }

  #tokenize(): readonly Token[] {
    const text = this.#text.trimEnd();
    const tokens: Token[] = [];
    let end = 0;
    for (const match of text.matchAll(TOKENS)) {
      end = match.index + match[0].length;
      const { string, word, sign } = match.groups ?? {};
      if (string !== undefined) tokens.push({ kind: 'string', text: unquote(string) });
      if (word !== undefined) tokens.push({ kind: 'word', text: word });
      if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    }
    if (end !== text.length) throw this.#refusal();
    return tokens;
  }

  #expression(): Filter {
    const terms = [this.#term()];
    const joint = this.#isWord('AND') || this.#isWord('OR') ? this.#peek()?.text : undefined;
    while (joint !== undefined && this.#isWord(joint)) {
      this.#next += 1;
      terms.push(this.#term());
    }
    if (joint === 'OR') return (attributes) => terms.some((term) => term(attributes));
    return (attributes) => terms.every((term) => term(attributes));
  }

  #term(): Filter {
    if (this.#isWord('NOT') || this.#isSign('-')) {
      this.#next += 1;
      const negated = this.#term();
      return (attributes) => !negated(attributes);
    }
    if (this.#isSign('(')) {
      this.#next += 1;
      const inner = this.#expression();
      this.#take('sign', ')');
      return inner;
    }
    return this.#isWord('hasPrefix') ? this.#prefix() : this.#comparison();
  }

  #prefix(): Filter {
    this.#take('word', 'hasPrefix');
    this.#take('sign', '(');
    this.#take('word', 'attributes');
    this.#take('sign', '.');
    const key = this.#key();
    this.#take('sign', ',');
    const prefix = this.#take('string');
    this.#take('sign', ')');
    return (attributes) => valueOf(attributes, key)?.startsWith(prefix) === true;
  }

  #comparison(): Filter {
    this.#take('word', 'attributes');
    if (this.#isSign(':')) {
      this.#next += 1;
      const key = this.#key();
      return (attributes) => valueOf(attributes, key) !== undefined;
    }
    this.#take('sign', '.');
    const key = this.#key();
    const operator = this.#take('sign');
    const value = this.#take('string');
    if (operator === '=') return (attributes) => valueOf(attributes, key) === value;
    if (operator === '!=') return (attributes) => valueOf(attributes, key) !== value;
    throw this.#refusal();
  }

  #key(): string {
    return this.#peek()?.kind === 'string' ? this.#take('string') : this.#take('word');
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #isWord(text: string): boolean {
    const token = this.#peek();
    return token?.kind === 'word' && token.text === text;
  }

  #isSign(text: string): boolean {
    const token = this.#peek();
    return token?.kind === 'sign' && token.text === text;
  }

  #take(kind: Token['kind'], text?: string): string {
    const token = this.#peek();
    if (token?.kind !== kind || (text !== undefined && token.text !== text)) throw this.#refusal();
    this.#next += 1;
    return token.text;
  }

  #refusal(): Error {
    return invalidArgument(`Invalid filter syntax: (filter=${this.#text})`);
  }
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}

function valueOf(attributes: Attributes, key: string): string | undefined {
  return Object.hasOwn(attributes, key) ? attributes[key] : undefined;
}
