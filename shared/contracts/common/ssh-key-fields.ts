import { Type } from 'typebox';

/** Maximum length that `parseSshPublicKey` accepts, which also validates the contents, because no pattern can. */
const PUBLIC_KEY_LENGTH_MAX = 4_096;

export const EXAMPLE_PUBLIC_KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl alice@laptop';
export const EXAMPLE_FINGERPRINT = 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU';
export const EXAMPLE_KEY_ID = 'key-0m4x2k9q1a1b2c3d4e5f6';

export const publicKeyField = Type.String({
  description:
    'A public key in one line, as OpenSSH writes it into files that end in `.pub`: ed25519, ecdsa, rsa of at least 2048 bits, or a key of a security token (`sk-…`). No options in front of the type.',
  minLength: 1,
  maxLength: PUBLIC_KEY_LENGTH_MAX,
  examples: [EXAMPLE_PUBLIC_KEY],
});

export const keyNameField = Type.String({
  description: 'Name for people; it need not be unique.',
  minLength: 1,
  maxLength: 128,
  pattern: '^[ -~]+$',
  examples: ['laptop'],
});

export const defaultField = Type.Boolean({
  description: 'Whether new instances of the project carry the key when their creator names none.',
  examples: [true],
});

/** Description of the keys in a create request. */
export const KEYS_DESCRIPTION =
  'SSH keys that may log in, by id. Left out: the default keys of the project. An empty list: none, and then nobody can log in.';

export const warningsField = Type.Array(Type.String(), {
  description:
    'What may surprise about the new instance, such as that nobody can log in; absent when there is nothing.',
});

/**
 * How to log in. The schema is inlined and has no title, so that the compute and the resource family use the same
 * member names.
 */
export const sshField = Type.Object(
  {
    user: Type.String({ description: 'Login name.', examples: ['ubuntu'] }),
    host: Type.String({ description: 'Address.', examples: ['34.120.1.100'] }),
    port: Type.Integer({ description: 'TCP port.', examples: [22] }),
    command: Type.String({ description: 'To be pasted.', examples: ['ssh ubuntu@34.120.1.100'] }),
  },
  { description: 'Where to log in by SSH; absent until there is an address.' },
);
