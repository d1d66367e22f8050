interface Open<Question, Answer> {
  readonly questions: Question[];
  readonly answered: Promise<(place: number) => Answer>;
}

/**
 * Lets one call serve all who ask within one turn of the event loop. Under load that is several requests; one that is
 * alone waits for nothing that takes time, because the call goes out at the end of the turn it was asked in. Nobody joins
 * a call that is on its way: its answer may be older than his question.
 */
export class Batcher<Question, Answer> {
  readonly #work: (questions: readonly Question[]) => Promise<(place: number) => Answer>;
  readonly #open = new Map<string, Open<Question, Answer>>();

  /** `work` serves questions of one topic; of its answer everybody gets his place's. */
  constructor(work: (questions: readonly Question[]) => Promise<(place: number) => Answer>) {
    this.#work = work;
  }

  /** Only questions of one topic are served together. */
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
