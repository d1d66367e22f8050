import { ControlError, readMembers, show } from '#scripts/local/control-values.ts';
import { PRINCIPAL_NAMES, type LocalPrincipals } from '#scripts/local/state/connection.ts';

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'];
const TIMEOUT_MS = 30_000;

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed if it is JSON, otherwise text. */
  readonly body: unknown;
}

/**
 * Sends `{as, method, path, body?}` through the gateway with a local user's credential. Throws a ControlError if the
 * input is invalid or the gateway did not reply.
 */
export async function askApi(
  wish: unknown,
  { baseUrl, principals }: { readonly baseUrl: string; readonly principals: LocalPrincipals },
): Promise<ApiAnswer> {
  const { as, method, path, body } = readMembers(wish, 'The body', ['as', 'method', 'path', 'body']);
  const name = PRINCIPAL_NAMES.find((candidate) => candidate === as);
  if (name === undefined)
    throw new ControlError(400, `as must be one of: ${PRINCIPAL_NAMES.join(', ')}. It is: ${show(as)}.`);
  if (typeof method !== 'string' || !METHODS.includes(method)) {
    throw new ControlError(400, `method must be one of: ${METHODS.join(', ')}. It is: ${show(method)}.`);
  }
  if (typeof path !== 'string' || !path.startsWith('/') || path.startsWith('//')) {
    throw new ControlError(400, `path must begin with one slash. It is: ${show(path)}.`);
  }
  try {
    const response = await fetch(new URL(path, baseUrl), {
      method,
      headers: {
        authorization: `Bearer ${principals[name].token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    return { status: response.status, headers: Object.fromEntries(response.headers), body: jsonOr(text) };
  } catch (thrown) {
    throw new ControlError(
      502,
      `The gateway did not answer: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
