import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { onTestFinished } from 'vitest';

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'compute-api';

/** How the issuer's server replies to a request for its keys. */
export type KeySetAnswer = 'keys' | 'error' | 'nonsense' | 'not a key set' | 'hang up';

/**
 * Starts a token issuer on this machine: a key, a server with its key set, and functions that make valid and invalid
 * tokens.
 */
export async function anIssuer() {
  const [good, other] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
  const jwk = { ...(await exportJWK(good.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const publicPem = await exportSPKI(good.publicKey);
  const state: { answer: KeySetAnswer; asked: number } = { answer: 'keys', asked: 0 };
  const server = createServer((request, response) => {
    state.asked += 1;
    switch (state.answer) {
      case 'keys':
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [jwk] }));
        break;
      case 'error':
        response.writeHead(503).end('busy');
        break;
      case 'nonsense':
        response.end('<html>');
        break;
      case 'not a key set':
        response.end('{"keys":7}');
        break;
      case 'hang up':
        request.socket.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;

  const sign = (claims: JWTPayload, header: { readonly kid?: string } = { kid: 'k1' }, key = good.privateKey) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...header }).sign(key);
  return {
    state,
    options: { issuer: ISSUER, audience: AUDIENCE, jwksUri },
    sign,
    /** Signs with a key that is not in the set, under the key id of one that is. */
    signByOther: (claims: JWTPayload) => sign(claims, { kid: 'k1' }, other.privateKey),
    unsigned: (claims: JWTPayload) => new UnsecuredJWT(claims).encode(),
    /** Signs with the public key as if it were a shared secret. */
    signWithPublicKey: (claims: JWTPayload) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(new TextEncoder().encode(publicPem)),
  };
}
