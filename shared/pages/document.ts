/** The part of an OpenAPI document that pages read. */
export interface ApiDocument {
  readonly info: { readonly title: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: {
    readonly responses: Readonly<Record<string, unknown>>;
    readonly examples: Readonly<Record<string, { readonly value: unknown } | undefined>>;
  };
}

export interface DocumentedOperation {
  readonly summary: string;
  readonly responses: Readonly<Record<string, { readonly $ref?: string; readonly description?: string }>>;
}

/** An operation (`GET /v1/instances`) and its summary. */
export interface NamedOperation {
  readonly place: string;
  readonly summary: string;
}

/** An operation that can fail with a reason, and the status of that response. */
export interface Sender extends NamedOperation {
  readonly status: string;
}

export function operationsOf({ paths }: Pick<ApiDocument, 'paths'>): readonly NamedOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary }]) => ({ place: `${method.toUpperCase()} ${path}`, summary })),
  );
}

/** Groups the operations of a document by the reasons that their error responses list. */
export function sendersByReason({ paths, components }: ApiDocument): ReadonlyMap<string, readonly Sender[]> {
  const listed = new Map(
    Object.entries(components.responses).map(([name, response]) => [
      `#/components/responses/${name}`,
      listedReasons(response),
    ]),
  );
  const senders = new Map<string, Sender[]>();
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { summary, responses }] of Object.entries(methods))
      for (const [status, { $ref = '' }] of Object.entries(responses))
        for (const reason of listed.get($ref) ?? []) {
          const sender = { place: `${method.toUpperCase()} ${path}`, summary, status };
          senders.set(reason, [...(senders.get(reason) ?? []), sender]);
        }
  return senders;
}

/** Returns the reasons of an error response: the values of the enum in its body or in the header `x-error-reason`. */
function listedReasons(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inside]) =>
    key === 'enum' && Array.isArray(inside) ? inside.map(String) : listedReasons(inside),
  );
}
