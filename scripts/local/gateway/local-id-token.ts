/**
 * The ID token with which Google's services call a function, unsigned: nobody checks it locally, where functions are
 * reached only through the loopback interface. It has the real one's shape so that code which looks at it can be tried.
 */
export function localIdToken(caller: 'gateway' | 'scheduler', functionName: string, nowMs: number): string {
  const issuedAtSeconds = Math.floor(nowMs / 1000);
  const claims = {
    iss: 'https://accounts.google.com',
    aud: `https://${functionName}.local`,
    email: `${caller}@local.iam.gserviceaccount.com`,
    email_verified: true,
    iat: issuedAtSeconds,
    exp: issuedAtSeconds + 3600,
  };
  return [{ alg: 'none', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('')
    .join('.');
}
