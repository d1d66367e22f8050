import { createHash, createPublicKey } from 'node:crypto';

/*
 * Public keys in OpenSSH's one-line format: type, base64 of the key, comment. The decoded key is validated as well (RFC
 * 4253 §6.6, RFC 5656 §3.1, RFC 8709, OpenSSH's PROTOCOL.u2f), because sshd silently ignores an invalid line, and the
 * user would notice only when they cannot log in.
 */

export interface SshPublicKey {
  /** `ssh-ed25519` */
  readonly type: string;
  /** The whole line, with single spaces between its parts. */
  readonly line: string;
  /** `SHA256:…`, as `ssh-keygen -l` shows it. */
  readonly fingerprint: string;
}

export type ParsedSshKey =
  { readonly valid: true; readonly key: SshPublicKey } | { readonly valid: false; readonly message: string };

/** Maximum length of the line: an RSA key of 16,384 bits has 2,800 characters, plus the comment. */
export const PUBLIC_KEY_LENGTH_MAX = 4_096;

/** NIST SP 800-131A has disallowed shorter keys since 2014. */
const RSA_BITS_MIN = 2_048;
/** OpenSSH's maximum (SSHBUF_MAX_BIGNUM). */
const RSA_BITS_MAX = 16_384;

const CURVES: Readonly<Record<string, { readonly crv: string; readonly bytes: number }>> = {
  nistp256: { crv: 'P-256', bytes: 32 },
  nistp384: { crv: 'P-384', bytes: 48 },
  nistp521: { crv: 'P-521', bytes: 66 },
};

/** Checks the decoded key of each type; returns what is wrong, or `undefined` if it is valid. */
const INSIDE: Readonly<Record<string, (blob: KeyReader) => string | undefined>> = {
  'ssh-ed25519': readEd25519,
  'ssh-rsa': readRsa,
  'ecdsa-sha2-nistp256': (blob) => readEcdsa(blob, 'nistp256'),
  'ecdsa-sha2-nistp384': (blob) => readEcdsa(blob, 'nistp384'),
  'ecdsa-sha2-nistp521': (blob) => readEcdsa(blob, 'nistp521'),
  'sk-ssh-ed25519@openssh.com': (blob) => readEd25519(blob) ?? readApplication(blob),
  'sk-ecdsa-sha2-nistp256@openssh.com': (blob) => readEcdsa(blob, 'nistp256') ?? readApplication(blob),
};

export const SSH_KEY_TYPES: readonly string[] = Object.keys(INSIDE);

/**
 * Parses a public key. If the text is not valid, returns what is wrong, as the end of a sentence that begins with the
 * member's name.
 */
export function parseSshPublicKey(text: string): ParsedSshKey {
  const trimmed = text.trim();
  const message = wrongFrom(trimmed);
  if (message !== undefined) return { valid: false, message };
  const [type = '', encoded = '', ...comment] = trimmed.split(/ +/);
  const bytes = Buffer.from(encoded, 'base64');
  const wrong = bytes.toString('base64') === encoded ? wrongInside(type, bytes) : 'is not whole: its base64 is damaged';
  if (wrong !== undefined) return { valid: false, message: wrong };
  const line = [type, encoded, ...comment].join(' ');
  return { valid: true, key: { type, line, fingerprint: fingerprintOf(bytes) } };
}

function fingerprintOf(bytes: Buffer): string {
  return `SHA256:${createHash('sha256').update(bytes).digest('base64').replaceAll('=', '')}`;
}

/** Returns what the text is instead of a one-line public key; `undefined` if it may be one. */
function wrongFrom(text: string): string | undefined {
  if (/PRIVATE KEY|^PuTTY-User-Key-File/.test(text)) {
    return 'is a private key: it belongs on your own machine only. Send the line of the file that ends in .pub';
  }
  if (/^-+ *BEGIN/.test(text)) return 'is in another format. `ssh-keygen -i -f FILE` writes it as OpenSSH does';
  if (text.length > PUBLIC_KEY_LENGTH_MAX) return `is longer than ${PUBLIC_KEY_LENGTH_MAX} characters`;
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f\u2028\u2029]/.test(text)) return 'must be one line without control characters';
  const words = text.split(/ +/);
  const [type = '', encoded = ''] = words;
  if (Object.hasOwn(INSIDE, type)) return encoded === '' ? 'has a type and no key behind the type' : undefined;
  if (words.some((word) => Object.hasOwn(INSIDE, word))) {
    return 'has options in front of the type of the key, which are not taken. Send the line without them';
  }
  if (/^(ssh-)?dss$|^ssh-dss/.test(type)) return 'is a DSA key, which OpenSSH no longer takes';
  if (type.includes('-cert-v01@')) return 'is a certificate. Send the public key that it certifies';
  return `must be a public key in one line of OpenSSH, which begins with one of ${SSH_KEY_TYPES.join(', ')}`;
}

function wrongInside(type: string, bytes: Buffer): string | undefined {
  const blob = new KeyReader(bytes);
  try {
    if (blob.text() !== type) return `says that it is ${type}, and holds a key of another type`;
    return INSIDE[type]?.(blob) ?? (blob.atEnd ? undefined : 'is not whole: there is more behind the key');
  } catch (thrown) {
    if (thrown instanceof EndOfKey) return 'is not whole: its end is missing';
    throw thrown;
  }
}

class EndOfKey extends Error {
  override readonly name = 'EndOfKey';
}

/** Reads SSH's wire format, in which each field is preceded by its length (RFC 4251 §5). */
class KeyReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  field(): Buffer {
    if (this.#at + 4 > this.#bytes.length) throw new EndOfKey();
    const begin = this.#at + 4;
    const end = begin + this.#bytes.readUInt32BE(this.#at);
    if (end > this.#bytes.length) throw new EndOfKey();
    this.#at = end;
    return this.#bytes.subarray(begin, end);
  }

  text(): string {
    return this.field().toString('latin1');
  }
}

function readEd25519(blob: KeyReader): string | undefined {
  return blob.field().length === 32 ? undefined : 'is not whole: an ed25519 key has 32 bytes';
}

function readApplication(blob: KeyReader): string | undefined {
  return blob.text() === '' ? 'names no application, which a key of a security token does' : undefined;
}

function readEcdsa(blob: KeyReader, name: string): string | undefined {
  const curve = CURVES[name];
  if (blob.text() !== name || curve === undefined) return `is not on the curve ${name} that its type names`;
  const point = blob.field();
  // A first byte of 4 marks an uncompressed point, the only form of RFC 5656 that OpenSSH accepts.
  if (point.length !== 1 + 2 * curve.bytes || point[0] !== 4) return `is not a point of the curve ${name}`;
  const [x, y] = [point.subarray(1, 1 + curve.bytes), point.subarray(1 + curve.bytes)];
  try {
    const jwk = { kty: 'EC', crv: curve.crv, x: x.toString('base64url'), y: y.toString('base64url') };
    createPublicKey({ key: jwk, format: 'jwk' });
    return undefined;
  } catch {
    return `is not a point of the curve ${name}`;
  }
}

function readRsa(blob: KeyReader): string | undefined {
  const [exponent, modulus] = [blob.field(), blob.field()];
  if (!isPositive(exponent) || !isPositive(modulus)) return 'is not whole: its numbers are not as RSA has them';
  const bits = bitLength(modulus);
  if (bits < RSA_BITS_MIN) return `is an RSA key of ${bits} bits; ${RSA_BITS_MIN} or more are needed`;
  if (bits > RSA_BITS_MAX) return `is an RSA key of ${bits} bits; OpenSSH takes at most ${RSA_BITS_MAX}`;
  const isOdd = (number: Buffer) => ((number.at(-1) ?? 0) & 1) === 1;
  if (!isOdd(modulus) || !isOdd(exponent) || bitLength(exponent) < 2) return 'is an RSA key that encrypts nothing';
  return undefined;
}

/** Returns whether the bytes are a positive mpint without superfluous zeros (RFC 4251 §5). */
function isPositive(number: Buffer): boolean {
  const [first = 0, second = 0] = number;
  return number.length > 0 && first < 0x80 && (first !== 0 || (number.length > 1 && second >= 0x80));
}

function bitLength(number: Buffer): number {
  const significant = number[0] === 0 ? number.subarray(1) : number;
  return significant.length === 0 ? 0 : 8 * significant.length - Math.clz32(significant[0] ?? 0) + 24;
}
