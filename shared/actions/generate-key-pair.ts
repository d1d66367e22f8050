import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

/** NIST SP 800-57 takes it to last beyond 2030; made in about half a second. */
const RSA_BITS = 3_072;

export interface KeyPair {
  /** One line in OpenSSH's form. */
  readonly publicKey: string;
  /** PEM (PKCS #1). It goes to the caller and is kept nowhere. */
  readonly privateKey: string;
}

/** A new RSA pair, for callers who bring no key. */
export async function generateRsaPair(comment: string): Promise<KeyPair> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  const { n = '', e = '' } = pair.publicKey.export({ format: 'jwk' });
  const blob = [Buffer.from('ssh-rsa'), mpint(e), mpint(n)].map(field);
  const privateKey = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  return { publicKey: `ssh-rsa ${Buffer.concat(blob).toString('base64')} ${comment}`, privateKey };
}

/** A zero in front keeps a number positive whose first bit is set (RFC 4251 §5). */
function mpint(base64url: string): Buffer {
  const number = Buffer.from(base64url, 'base64url');
  return (number[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), number]) : number;
}

function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
