type Json = Readonly<Record<string, unknown>>;

/** A parameter of an operation. */
export type Parameter = Json & { readonly name: string; readonly in: string };

/** Parameters that several operations share, to be written once. */
export class SharedParameters {
  readonly #names = new Map<string, string>();
  readonly #components: Record<string, Parameter> = {};

  constructor(parameters: readonly Parameter[]) {
    const uses = Map.groupBy(parameters, (parameter) => JSON.stringify(parameter));
    const shared = [...uses].filter(([, same]) => same.length > 1).map(([text, [parameter]]) => ({ text, parameter }));
    for (const { text, parameter } of shared) {
      if (parameter === undefined) continue;
      const plain = parameter.name;
      let name = plain;
      for (let number = 2; Object.hasOwn(this.#components, name); number += 1) name = `${plain}${number}`;
      this.#names.set(text, name);
      this.#components[name] = parameter;
    }
  }

  /** Returns a reference if the parameter is shared, otherwise the parameter. */
  referenceTo(parameter: Parameter): Json {
    const name = this.#names.get(JSON.stringify(parameter));
    return name === undefined ? parameter : { $ref: `#/components/parameters/${name}` };
  }

  get components(): Json {
    return Object.fromEntries(Object.entries(this.#components).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
