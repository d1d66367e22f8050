import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

/** NIST SP 800-57 considers 3,072 bits secure beyond 2030. Generating such a pair takes about half a second. */
const RSA_BITS = 3_072;

export interface KeyPair {
  /** One line in OpenSSH's format. */
  readonly publicKey: string;
  /** PEM (PKCS #1). It is returned to the caller and never stored. */
  readonly privateKey: string;
}

/** Generates an RSA key pair for callers who send no public key. */
export async function generateRsaPair(comment: string): Promise<KeyPair> {
  const pair = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  const { n = '', e = '' } = pair.publicKey.export({ format: 'jwk' });
  const blob = [Buffer.from('ssh-rsa'), mpint(e), mpint(n)].map(field);
  const privateKey = pair.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  return { publicKey: `ssh-rsa ${Buffer.concat(blob).toString('base64')} ${comment}`, privateKey };
}

/** Encodes an mpint. If the first bit is set, a zero byte in front keeps the number positive (RFC 4251 §5). */
function mpint(base64url: string): Buffer {
  const number = Buffer.from(base64url, 'base64url');
  return (number[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), number]) : number;
}

function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
