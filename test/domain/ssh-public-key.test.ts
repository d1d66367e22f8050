import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateRsaPair } from '#shared/actions/generate-key-pair.ts';
import { parseSshPublicKey, SSH_KEY_TYPES } from '#shared/domain/ssh-public-key.ts';
import { PUBLIC_KEYS, WEAK_RSA_KEY } from '#test/support/public-keys.ts';

const ED25519 = PUBLIC_KEYS['ssh-ed25519']?.line ?? '';

function refusal(text: string): string {
  const parsed = parseSshPublicKey(text);
  return parsed.valid ? '' : parsed.message;
}

/** Returns the line with changed bytes in its key. */
function changed(line: string, change: (bytes: Buffer) => Buffer): string {
  const [type = '', encoded = ''] = line.split(' ');
  return `${type} ${change(Buffer.from(encoded, 'base64')).toString('base64')}`;
}

test('there is a sample of every accepted type', () => {
  expect(Object.keys(PUBLIC_KEYS).sort()).toEqual([...SSH_KEY_TYPES].sort());
});

describe.each(Object.entries(PUBLIC_KEYS))('%s', (type, { line, fingerprint }) => {
  test("is taken, and has ssh-keygen's fingerprint", () => {
    expect(parseSshPublicKey(`  ${line}\n`)).toEqual({ valid: true, key: { type, line, fingerprint } });
  });

  test('is taken without a comment', () => {
    expect(parseSshPublicKey(line.split(' ').slice(0, 2).join(' '))).toMatchObject({ valid: true });
  });

  test('is refused with any number of its last bytes missing, and with one more', () => {
    const [, encoded = ''] = line.split(' ');
    const bytes = Buffer.from(encoded, 'base64');
    for (let length = 0; length < bytes.length; length += 1) {
      expect(refusal(changed(line, () => bytes.subarray(0, length))), String(length)).not.toBe('');
    }
    expect(refusal(changed(line, () => Buffer.concat([bytes, Buffer.of(0)])))).toContain('more behind');
  });

  test('is refused under the name of another type', () => {
    for (const other of SSH_KEY_TYPES.filter((name) => name !== type)) {
      expect(refusal(line.replace(type, other)), other).toContain('another type');
    }
  });
});

test.each([
  ['options in front', `command="/bin/sh" ${ED25519}`, 'options in front of the type'],
  ['an option that hides a type', `no-pty,from="10.0.0.1" ${ED25519}`, 'options in front of the type'],
  ['RSA that is too short', WEAK_RSA_KEY, 'an RSA key of 1024 bits; 2048 or more'],
  ['DSA', 'ssh-dss AAAAB3NzaC1kc3MAAACBAP alice', 'a DSA key'],
  ['a certificate', 'ssh-ed25519-cert-v01@openssh.com AAAA alice', 'a certificate'],
  ['two keys', `${ED25519}\n${ED25519}`, 'one line'],
  ['a comment that ends the line', `${ED25519}\rroot:ssh-rsa AAAA`, 'one line'],
  ['a comment with a line separator', `${ED25519}\u2028root`, 'one line'],
  ['the format of RFC 4716', '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA', 'another format'],
  ['PEM', '-----BEGIN PUBLIC KEY-----\nMIIB', 'another format'],
  ['a type alone', 'ssh-ed25519', 'no key behind the type'],
  ['base64 that is damaged', `${ED25519.slice(0, 60)}!${ED25519.slice(61)}`, 'base64 is damaged'],
  ['nothing', '   ', 'must be a public key in one line'],
  ['a word', 'alice', 'must be a public key in one line'],
  ['a line that is too long', `${ED25519} ${'x'.repeat(5_000)}`, 'longer than 4096'],
])('%s is refused and named', (_, text, expected) => {
  expect(refusal(text)).toContain(expected);
});

test.each([
  ['OpenSSH', '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----'],
  [
    'PKCS #1',
    generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  ],
  ['PuTTY', 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none'],
])('a private key of %s is refused as one, and nothing of it is repeated', (_, text) => {
  const message = refusal(text);

  expect(message).toContain('a private key');
  expect(message).not.toContain(text.slice(40, 60));
});

test('an elliptic point that is not on its curve is refused', () => {
  const line = PUBLIC_KEYS['ecdsa-sha2-nistp256']?.line ?? '';
  const moved = changed(line, (bytes) => {
    const other = Buffer.from(bytes);
    other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
    return other;
  });

  expect(refusal(moved)).toContain('not a point of the curve nistp256');
});

test('no text makes it throw, and what is taken is one line that is taken again', () => {
  const damaged = fc
    .tuple(fc.constantFrom(...Object.values(PUBLIC_KEYS)), fc.nat(400), fc.string())
    .map(([{ line }, at, text]) => line.slice(0, at) + text + line.slice(at));
  fc.assert(
    fc.property(fc.oneof(fc.string(), damaged), (text) => {
      const parsed = parseSshPublicKey(text);
      if (!parsed.valid) return;
      expect(parsed.key.line).toMatch(/^[^\r\n]+$/);
      expect(parseSshPublicKey(parsed.key.line)).toEqual(parsed);
    }),
    { numRuns: 300 },
  );
});

test('a pair that the service makes is an RSA key that it would take, with its private half in PEM', async () => {
  const { publicKey, privateKey } = await generateRsaPair('sky-alice-1');

  expect(parseSshPublicKey(publicKey)).toMatchObject({ valid: true, key: { type: 'ssh-rsa' } });
  expect(privateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n[\s\S]+\n-----END RSA PRIVATE KEY-----\n$/);
});
