import { Batcher } from '#shared/concurrency/batcher.ts';
import type { EntityClient } from './entity-client.ts';
import type { Value } from './field.ts';
import { toRow } from './found-row.ts';
import type { Page, Shape } from './query.ts';
import type { Row } from './write.ts';

type Values = Readonly<Record<string, Value>>;

/** One page of rows. */
export interface RowPage<T> {
  readonly rows: readonly Row<T>[];
  readonly cursor: string | undefined;
}

interface Query {
  readonly shape: Shape;
  readonly values: Values;
  readonly page: Page;
}

/** Sends queries and counts that are the same, and asked within one tick, as one RPC, and decodes the rows once. */
export class SharedQueries {
  readonly #pages: Batcher<Query, RowPage<unknown>>;
  readonly #counts: Batcher<Omit<Query, 'page'>, number>;

  constructor(entities: EntityClient) {
    this.#pages = new Batcher(
      sharedBy(async ({ shape, values, page }) => {
        const { results, cursor, more } = await entities.run(shape, values, page);
        return { rows: results.map((result) => toRow(shape.kind, result)), cursor: more ? cursor : undefined };
      }),
    );
    this.#counts = new Batcher(sharedBy(({ shape, values }) => entities.count(shape, values)));
  }

  async query<T>(shape: Shape<T>, values: Values, page: Page): Promise<RowPage<T>> {
    // The cast is safe: the topic names the shape, and with it the type of its rows.
    return this.#pages.ask(topicOf(shape, [values, page]), { shape, values, page }) as Promise<RowPage<T>>;
  }

  async count(shape: Shape, values: Values): Promise<number> {
    return this.#counts.ask(topicOf(shape, [values]), { shape, values });
  }
}

/** All questions of a topic are the same, so one answer is that of each. */
function sharedBy<Question, Answer>(work: (question: Question) => Promise<Answer>) {
  return async ([question]: readonly Question[]): Promise<() => Answer> => {
    if (question === undefined) throw new Error('A topic has a question.');
    const answer = await work(question);
    return () => answer;
  };
}

function topicOf({ kind, equal, atMost, range, order }: Shape, given: readonly unknown[]): string {
  return JSON.stringify([kind.name, equal, atMost, range, order, given]);
}
