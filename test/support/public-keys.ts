/**
 * Keys created by OpenSSH's ssh-keygen, with the fingerprints that `ssh-keygen -l` shows. Their private keys no longer
 * exist.
 */
export const PUBLIC_KEYS: Readonly<Record<string, { readonly line: string; readonly fingerprint: string }>> = {
  'ssh-ed25519': {
    line: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEeCK48/nmWXBLwGgfCZXap69/moCnrKwXppr1EAgVoA alice@laptop',
    fingerprint: 'SHA256:F4Z6sQwU45DzjbEbqp8GC1Y2IGLEyddSQMKpGsKqKIM',
  },
  'ecdsa-sha2-nistp256': {
    line: 'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJq6xpDWT+E+1FvejnRS8NQhnMR9Bu6swFav8Q9bezqLCy6U+yVMqXVFdtajxGJKq2NyExgmkT7PYO6c+vfCydY= alice@laptop',
    fingerprint: 'SHA256:dMDb5lp+ukUj+Yer4QF07AmJBY+lL/zWFMqWlRkrX0U',
  },
  'ecdsa-sha2-nistp384': {
    line: 'ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBA6uvDMxpack0FGEishA4FMYkJZ492BQW9XwtO5kYGQXy82RuW8nCgdaf1PZUaWtQM19jup3GEvOwevN+6CvcPIKoeSOcG2zB00Jfed9mDBN6/yNA5aY4EtHJ8k/ydG1hA== alice@laptop',
    fingerprint: 'SHA256:rMwHit26KdWs+yuSabeXyjmkP3aYy9jczah+7Sux7U4',
  },
  'ecdsa-sha2-nistp521': {
    line: 'ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAGw9u/hpjX1EUiJk/j6fu/5qUNF3HQPn2TJfhmcxduNoqtuv7V3UWCPmRv4/bOU/h3894LblOgFOipb50FYTpf1aAFkrY7inDHPMzbQK84A4mbL0DGaMMoZFPCxb2GQCc0829nAeYakoRM9obk1ue777DPCT3UhyYc2C31P7KB8dvtABw== alice@laptop',
    fingerprint: 'SHA256:jgC1TPNWBso0KQS+0KUfChDhL+GXQkJQXTp24TnFNo8',
  },
  'ssh-rsa': {
    line: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQClwqjYc6XFpATtb4x3bmtbgJ/Bpmu4geKZfxLD5SAY/0R494pPGIZfaX7c+Islo1Xxrp0DZeiT0DRr8rI5KDTOL1WPWNkADiw0arYvbJllCRyKVPDVwmRTi6VWmj/ENWhXC12kfLmbt70ZKclPm8AYPS9HQLkgeFapMSPernij3rWrTgRsk8v6aLBtwJP0wwRvbncLjuPW5Y75CJj/KH8WS7GpHLDy7N4ueojLKPgHipv+AWUo68HNgaG/qkt0BfvvpxTBt7coWgVBP1+3d6u+QqJIfZtzfaZZvrDTOoa9eZbCun4uAFmEcOz9WgWPMyhzQwI+izG58fPWSb4LSDud alice@laptop',
    fingerprint: 'SHA256:fZRszFsg7AFewq92RVrSI/2boT7a+MDN6j/awBxg7g4',
  },
  'sk-ssh-ed25519@openssh.com': {
    line: 'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIEeCK48/nmWXBLwGgfCZXap69/moCnrKwXppr1EAgVoAAAAABHNzaDo= alice@token',
    fingerprint: 'SHA256:kWr/PAsxtqdZkA91Dg6vrkncI9Aqv7l3YjIszes7Imw',
  },
  'sk-ecdsa-sha2-nistp256@openssh.com': {
    line: 'sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBJq6xpDWT+E+1FvejnRS8NQhnMR9Bu6swFav8Q9bezqLCy6U+yVMqXVFdtajxGJKq2NyExgmkT7PYO6c+vfCydYAAAAEc3NoOg== alice@token',
    fingerprint: 'SHA256:7ZJrmdXV+wS4PZr0QENnb0q1ilhd1m/GTj3eg3WmFBE',
  },
};

/** An RSA key of 1,024 bits. */
export const WEAK_RSA_KEY =
  'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDHmd75varL63iXc8wjiE8oPlPmawQuDwY+7t60eq1Rp25BgDTrfXGleDJedkWLp+I4qOc6Yb/gtibnM1yqolRqeLHrKl2FfHjqJ3xZpiTOH1BeFhjaHqKEpJP3P4b5CyMDBuPuCBGjCEVejReRr7lA+sAqZ1IDqpu6NM+CzeTzLw== alice@laptop';
