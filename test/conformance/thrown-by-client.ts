/** The error that Google's client throws. It lacks `errors`, but holds the whole response beside them. */
interface ThrownByClient {
  readonly code: unknown;
  readonly httpStatusCode: unknown;
  readonly message: string;
  readonly errors: readonly { readonly reason: string; readonly message: string; readonly domain: string }[];
}

const RAW_ANSWER = Symbol.for('google-gax.rawHttpResponsePayload');

export async function thrownBy(work: Promise<unknown>): Promise<ThrownByClient> {
  const thrown: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof Error)) throw new Error('It was expected to fail.');
  const raw: unknown = Reflect.get(thrown, RAW_ANSWER);
  const answer = typeof raw === 'string' ? (JSON.parse(raw) as { error: Pick<ThrownByClient, 'errors'> }) : undefined;
  return {
    code: Reflect.get(thrown, 'code'),
    httpStatusCode: Reflect.get(thrown, 'httpStatusCode'),
    message: thrown.message,
    errors: answer?.error.errors ?? [],
  };
}
