/**
 * Returns an unsigned imitation of the ID token with which Google's services call a function. Nothing checks it
 * locally, where functions are reachable only through the loopback interface; its real form lets code that reads it be
 * tested.
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
