interface Open<Question, Answer> {
  readonly questions: Question[];
  readonly answered: Promise<(place: number) => Answer>;
}

/**
 * Sends the questions that are asked within one iteration of the event loop as one call. Under load these are questions
 * of several requests. A question that is alone is not delayed: the call goes out at the end of the iteration in which it
 * was asked. No question joins a call that is on its way, whose answer may be older than the question.
 */
export class Batcher<Question, Answer> {
  readonly #work: (questions: readonly Question[]) => Promise<(place: number) => Answer>;
  readonly #open = new Map<string, Open<Question, Answer>>();

  /** `work` answers the questions of one topic: per question, the answer at its index. */
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
