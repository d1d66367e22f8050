interface Open<Question, Answer> {
  readonly questions: Question[];
  readonly answered: Promise<(place: number) => Answer>;
}

/**
 * Combines the questions asked within one iteration of the event loop into one call per topic; under load they come
 * from several requests. The call is made at the end of the iteration, so a single question is not delayed. A question
 * never joins a call in progress, whose answer could be older than the question.
 */
export class Batcher<Question, Answer> {
  readonly #work: (questions: readonly Question[]) => Promise<(place: number) => Answer>;
  readonly #open = new Map<string, Open<Question, Answer>>();

  /**
   * `work` answers all questions of one call; it resolves to a function that returns the answer to the question at an
   * index.
   */
  constructor(work: (questions: readonly Question[]) => Promise<(place: number) => Answer>) {
    this.#work = work;
  }

  /** Asks one question. Only questions of the same topic share a call. */
  async ask(topic: string, question: Question): Promise<Answer> {
    const { questions, answered } = this.#open.get(topic) ?? this.#start(topic);
    const place = questions.push(question) - 1;
    return (await answered)(place);
  }

  #start(topic: string): Open<Question, Answer> {
    const questions: Question[] = [];
    const answered = new Promise<(place: number) => Answer>((resolve) => {
      setImmediate(() => {
        this.#open.delete(topic);
        resolve(this.#work(questions));
      });
    });
    const open = { questions, answered };
    this.#open.set(topic, open);
    return open;
  }
}
