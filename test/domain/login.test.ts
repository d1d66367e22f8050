import { expect, test } from 'vitest';
import { imageUser, loginMetadata, sshTarget } from '#shared/domain/login.ts';
import { sshKeyFid, sshKeyIdOf } from '#shared/domain/project-ssh-key.ts';
import { anInstance } from '#test/support/an-instance.ts';

test.each([
  ['projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts', 'ubuntu'],
  ['projects/debian-cloud/global/images/family/debian-12', 'debian'],
  ['projects/rhel-cloud/global/images/family/rhel-9', 'cloud-user'],
  ['projects/acme-images/global/images/golden-1', 'compute'],
  ['global/images/golden-1', 'compute'],
])('the login name of %s is %s', (image, user) => {
  expect(imageUser({ image })).toBe(user);
});

test('what the catalogue says of an image wins', () => {
  expect(imageUser({ image: 'projects/debian-cloud/global/images/x', loginUser: 'admin' })).toBe('admin');
});

test('keys log in as the user of the image, or as their own; OS Login and keys of the whole project are off', () => {
  const keys = [
    { id: 'key-1', user: null, publicKey: 'ssh-ed25519 AAAA alice' },
    { id: 'key-2', user: 'root', publicKey: 'ssh-ed25519 BBBB bob' },
  ];

  expect(loginMetadata(keys, 'ubuntu')).toEqual({
    'ssh-keys': 'ubuntu:ssh-ed25519 AAAA alice\nroot:ssh-ed25519 BBBB bob',
  });
  expect(loginMetadata([], 'ubuntu')).toEqual({});
});

test('the way in: none before there is an address, then the external one; the internal one where there is no other', () => {
  const login = { user: 'debian', keyIds: [] };
  const { machine } = anInstance();
  const inside = { ...machine, externalIp: false };

  expect(sshTarget(anInstance({ login }))).toBeUndefined();
  expect(sshTarget(anInstance({ login, internalIp: '10.0.0.2' }))).toBeUndefined();
  expect(sshTarget(anInstance({ login, internalIp: '10.0.0.2', externalIp: '34.1.2.3' }))).toEqual({
    user: 'debian',
    host: '34.1.2.3',
    port: 22,
    command: 'ssh debian@34.1.2.3',
  });
  expect(sshTarget(anInstance({ login, internalIp: '10.0.0.2', machine: inside }))?.host).toBe('10.0.0.2');
});

test('a record of an earlier version logs in as its first key does, or as its image says', () => {
  const { machine } = anInstance();
  const keyed = { ...machine, metadata: { 'ssh-keys': 'deploy:ssh-ed25519 AAAA x' } };

  expect(sshTarget(anInstance({ externalIp: '34.1.2.3', machine: keyed }))?.user).toBe('deploy');
  expect(sshTarget(anInstance({ externalIp: '34.1.2.3' }))?.user).toBe('ubuntu');
});

test('a key has one id, which every family can write', () => {
  const id = 'key-0m4x2k9q1a1b2c3d4e5f6';

  expect(sshKeyFid(id)).toBe('sshkey_0m4x2k9q1a1b2c3d4e5f6');
  expect(sshKeyIdOf(sshKeyFid(id))).toBe(id);
  for (const fid of [id, 'sshkey_', 'sshkey_001', 'vol_0m4x2k9q1a1b2c3d4e5f6']) expect(sshKeyIdOf(fid)).toBeUndefined();
});
