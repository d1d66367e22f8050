import { ComputeError } from './compute-error.ts';
import { INSTANCE_FIELDS, OPERATION_FIELDS } from './resource-fields.ts';
import { isMutation, type ApiMethod } from './route.ts';

/** The members that are wanted, each with its own; an empty map stands for all of them. */
type Selection = Map<string, Selection>;

/**
 * The part of an answer that `fields` asks for: members separated by commas, those of a member after `/` or `.` or in
 * parentheses, `*` for all (https://docs.cloud.google.com/compute/docs/api/how-tos/performance). What is not a member of
 * the resource is refused; of a list every item has its own. Without `fields` the answer stays whole.
 */
export function partialResponse(body: object, fields: string, method: ApiMethod): object {
  const selection = new FieldsParser(fields).parse();
  const known = membersOf(method);
  for (const name of selection.keys()) if (name !== '*' && known?.has(name) === false) throw invalidSelection(name);
  return selected(body, selection) as object;
}

function membersOf(method: ApiMethod): ReadonlySet<string> | undefined {
  if (method === 'instances.get') return INSTANCE_FIELDS;
  if (isMutation(method) || method === 'zoneOperations.get' || method === 'zoneOperations.wait')
    return OPERATION_FIELDS;
  return undefined;
}

function selected(value: unknown, selection: Selection): unknown {
  if (selection.size === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => selected(item, selection));
  const members = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const wanted = selection.get(name) ?? selection.get('*');
    return wanted === undefined ? [] : [[name, selected(member, wanted)]];
  });
  return Object.fromEntries(members);
}

class FieldsParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/[A-Za-z0-9_*-]+|[^\s]/g) ?? [];
  }

  parse(): Selection {
    const selection = this.#list();
    if (this.#at < this.#tokens.length || selection.size === 0) throw invalidSelection(this.#tokens[this.#at] ?? '');
    return selection;
  }

  #list(): Selection {
    const selection: Selection = new Map();
    do this.#path(selection);
    while (this.#skip(','));
    return selection;
  }

  #path(into: Selection): void {
    const name = this.#tokens[this.#at] ?? '';
    if (!/^[A-Za-z0-9_*-]+$/.test(name)) throw invalidSelection(name);
    this.#at += 1;
    const before = into.get(name);
    const below: Selection = before ?? new Map<string, Selection>();
    into.set(name, below);
    if (this.#skip('/') || this.#skip('.')) {
      this.#path(below);
    } else if (this.#skip('(')) {
      for (const [member, selection] of this.#list()) below.set(member, selection);
      if (!this.#skip(')')) throw invalidSelection(this.#tokens[this.#at] ?? '');
    } else {
      below.clear();
    }
  }

  #skip(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }
}

function invalidSelection(name: string): ComputeError {
  return new ComputeError(400, 'invalidParameter', `Invalid field selection ${name}`, 'fields');
}
