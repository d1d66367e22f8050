import { GoogleAuth, PassThroughClient } from 'google-auth-library';
import { directFetch, type DirectRequest } from './direct-fetch.ts';

/*
 * Google's REST clients send every call through the `fetch` of their credentials. These credentials send it directly
 * with Node.js (see `direct-fetch.ts`). Google's library still fetches, caches and renews the access tokens.
 */

/** Credentials of the function's own service account. */
export class DirectAuth extends GoogleAuth {
  override fetch = (async (input: string, init: DirectRequest) => {
    const url = new URL(input);
    const headers = new Headers([...(init.headers ?? [])].map(([name, value]): [string, string] => [name, value]));
    for (const [name, value] of await this.getRequestHeaders(input)) headers.set(name, value);
    return directFetch(url, { ...init, headers });
    // Google's clients use only the members of the response that `DirectResponse` has.
  }) as unknown as GoogleAuth['fetch'];
}

/** No credentials, for an emulator. */
export class DirectPassThrough extends PassThroughClient {
  override fetch = ((input: string, init: DirectRequest) =>
    directFetch(new URL(input), init)) as unknown as PassThroughClient['fetch'];
}
