import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** The address of a token issuer. The stage decides whether it answers. */
export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'walk';

const KEY_ID = 'k';
const { privateKey, publicKey } = await generateKeyPair('ES256');
const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'ES256' };

/** The issuer's key set (JWKS). */
export const JWKS = { keys: [jwk] };

/** Returns a token of a user whom only the issuer knows. */
export function tokenOf({ customerId }: { readonly customerId: string }): Promise<string> {
  return new SignJWT({ customer_id: customerId, projects: [], groups: ['walk'] })
    .setProtectedHeader({ alg: 'ES256', kid: KEY_ID })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('00000000-0000-4000-8000-00000000dead')
    .setExpirationTime(9_999_999_999)
    .sign(privateKey);
}
