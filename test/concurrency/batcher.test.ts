import { expect, test } from 'vitest';
import { Batcher } from '#shared/concurrency/batcher.ts';

function harness(answer: (questions: readonly string[]) => Promise<(place: number) => string>) {
  const calls: (readonly string[])[] = [];
  const together = new Batcher<string, string>((questions) => {
    calls.push([...questions]);
    return answer(questions);
  });
  return { calls, together };
}

const echo = async (questions: readonly string[]) => (place: number) => `${questions[place] ?? ''}!`;

test('questions asked in one iteration of the event loop share a call, and each gets its own answer', async () => {
  const { calls, together } = harness(echo);

  const answers = await Promise.all(['a', 'b', 'c'].map((question) => together.ask('topic', question)));

  expect(answers).toEqual(['a!', 'b!', 'c!']);
  expect(calls).toEqual([['a', 'b', 'c']]);
});

test('topics do not share calls', async () => {
  const { calls, together } = harness(echo);

  await Promise.all([together.ask('one', 'a'), together.ask('two', 'b')]);

  expect(calls).toEqual([['a'], ['b']]);
});

test('a question never joins a call that was already sent', async () => {
  const sent = Promise.withResolvers<undefined>();
  const { calls, together } = harness(async (questions) => {
    sent.resolve(undefined);
    return echo(questions);
  });

  const first = together.ask('topic', 'a');
  await sent.promise;
  const second = together.ask('topic', 'b');

  expect([await first, await second]).toEqual(['a!', 'b!']);
  expect(calls).toEqual([['a'], ['b']]);
});

test('a failure reaches all who asked, and the next call is made all the same', async () => {
  let failing = true;
  const { together } = harness(async (questions) => {
    if (failing) throw new Error('down');
    return echo(questions);
  });

  const failed = await Promise.allSettled([together.ask('topic', 'a'), together.ask('topic', 'b')]);
  failing = false;

  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await together.ask('topic', 'c')).toBe('c!');
});
