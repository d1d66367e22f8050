import { Type, type TProperties } from 'typebox';
import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';

/** One list of catalogue entries. */
interface CatalogList<Spec extends TProperties> {
  /** Noun in the path and the function's name: `server-types`. */
  readonly noun: string;
  readonly summary: string;
  readonly description: string;
  readonly id: string;
  readonly spec: Spec;
  readonly example: { readonly id: string; readonly name: string; readonly spec: Readonly<Record<string, unknown>> };
}

/** Returns the contract of one of the lists of what a spec can name; they differ only in their entries. */
export function catalogContract<Spec extends TProperties>(list: CatalogList<Spec>) {
  const { noun, summary, description, example } = list;
  const entry = Type.Object({
    id: Type.String({ description: list.id }),
    metadata: Type.Object(
      { name: Type.String({ description: 'Name for people.' }) },
      { description: 'What it is called.' },
    ),
    spec: Type.Object(list.spec, { description: 'What it is.' }),
  });
  return contract({
    name: `resource-${noun}-list`,
    family: 'resource',
    method: 'GET',
    path: `/v1/${noun}`,
    tag: 'Catalogue',
    summary,
    description,
    role: null,
    limit: 'catalog',
    idempotent: false,
    clients: ['datastore'],
    params: nothing,
    query: nothing,
    body: null,
    success: [
      {
        status: 200,
        description: 'All of them.',
        body: Type.Object({ items: Type.Array(entry, { description: 'What your customer may use.' }) }),
      },
    ],
    failures: LIMITED_FAILURES,
    examples: [
      {
        summary: 'One entry',
        answer: { items: [{ id: example.id, metadata: { name: example.name }, spec: example.spec }] },
      },
    ],
  });
}
