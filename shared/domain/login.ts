/** Who may log in to a VM, as stored on the instance's record. */
export interface Login {
  /** The image's login name; `""` in records of earlier versions. */
  readonly user: string;
  /** Ids of the stored keys and catalogue keys that are on the VM. */
  readonly keyIds: readonly string[];
}

export const NO_LOGIN: Login = { user: '', keyIds: [] };

/** A key in the form that is put on a VM. */
export interface LoginKey {
  readonly id: string;
  /** The key's login name; `null`: the image's. */
  readonly user: string | null;
  readonly publicKey: string;
}

/** Login name for images about which nothing is known; the guest agent creates the account. */
const UNKNOWN_USER = 'compute';

/** Login names of Google's public images, by project. */
const USER_OF_PROJECT: Readonly<Record<string, string>> = {
  'ubuntu-os-cloud': 'ubuntu',
  'ubuntu-os-pro-cloud': 'ubuntu',
  'debian-cloud': 'debian',
  'centos-cloud': 'centos',
  'rocky-linux-cloud': 'rocky',
  'almalinux-cloud': 'almalinux',
  'rhel-cloud': 'cloud-user',
  'rhel-sap-cloud': 'cloud-user',
  'fedora-cloud': 'fedora',
  'fedora-coreos-cloud': 'core',
  'opensuse-cloud': 'opensuse',
  'suse-cloud': 'sles',
  'freebsd-org-cloud-dev': 'freebsd',
};

/**
 * Returns the login name of an image, if necessary by the project in its path:
 * `projects/ubuntu-os-cloud/global/images/family/…`.
 */
export function imageUser({ image, loginUser }: { readonly image: string; readonly loginUser?: string }): string {
  if (loginUser !== undefined && loginUser !== '') return loginUser;
  const project = /^projects\/([^/]+)\//.exec(image)?.[1] ?? '';
  return Object.hasOwn(USER_OF_PROJECT, project) ? (USER_OF_PROJECT[project] ?? UNKNOWN_USER) : UNKNOWN_USER;
}

/** Name of the metadata item from which the guest agent reads keys. */
export const SSH_KEYS = 'ssh-keys';

/** Returns the metadata that lets these keys log in; `{}` without keys. `instanceMetadata` blocks all other keys. */
export function loginMetadata(keys: readonly LoginKey[], user: string): Readonly<Record<string, string>> {
  if (keys.length === 0) return {};
  return { [SSH_KEYS]: keys.map((key) => `${key.user ?? user}:${key.publicKey}`).join('\n') };
}

/** Returns a machine's metadata and login with added keys, without duplicates. */
export function withKeys(
  made: { readonly metadata: Readonly<Record<string, string>>; readonly login: Login },
  keys: readonly LoginKey[],
): { readonly metadata: Readonly<Record<string, string>>; readonly login: Login } {
  const { metadata, login } = made;
  const more = keys.filter(({ id }) => !login.keyIds.includes(id));
  if (more.length === 0) return made;
  const added = loginMetadata(more, login.user);
  const lines = [metadata[SSH_KEYS], added[SSH_KEYS]].filter((line) => line !== undefined && line !== '');
  return {
    metadata: { ...metadata, ...added, [SSH_KEYS]: lines.join('\n') },
    login: { ...login, keyIds: [...login.keyIds, ...more.map(({ id }) => id)] },
  };
}

/** How to connect to a VM by SSH. */
export interface SshTarget {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  /** Complete command line, to be copied. */
  readonly command: string;
}

const SSH_PORT = 22;

/**
 * Returns the SSH target, with the external address if there is one, otherwise the internal one; `undefined` without an
 * address.
 */
export function sshTarget(instance: {
  readonly login: Login;
  readonly externalIp: string;
  readonly internalIp: string;
  readonly machine: {
    readonly image: string;
    readonly externalIp: boolean;
    readonly metadata: Readonly<Record<string, string>>;
  };
}): SshTarget | undefined {
  const { machine, login } = instance;
  const host = instance.externalIp !== '' || machine.externalIp ? instance.externalIp : instance.internalIp;
  if (host === '') return undefined;
  const [firstUser = ''] = (machine.metadata[SSH_KEYS] ?? '').split(':');
  const user = [firstUser, login.user].find((name) => name !== '') ?? imageUser(machine);
  return { user, host, port: SSH_PORT, command: `ssh ${user}@${host}` };
}
