/** Longest user data, decoded. */
export const USER_DATA_BYTES_MAX = 32 * 1024;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export type UserData =
  | { readonly valid: true; readonly metadata: Readonly<Record<string, string>> }
  /** Completes the sentence "user_data …". */
  | { readonly valid: false; readonly message: string };

/**
 * User data as the metadata items that cloud-init reads on Compute Engine. Metadata is text, so what is not text stays
 * base64 and says so (`user-data-encoding`, https://docs.cloud-init.io/en/latest/reference/datasources/gce.html).
 */
export function userDataMetadata(base64: string): UserData {
  // Many tools break base64 into lines.
  const joined = base64.replaceAll(/\r?\n/g, '');
  if (!BASE64.test(joined)) return { valid: false, message: 'is not base64' };
  const bytes = Buffer.from(joined, 'base64');
  if (bytes.length > USER_DATA_BYTES_MAX) {
    return { valid: false, message: `has ${bytes.length} bytes; at most ${USER_DATA_BYTES_MAX} are possible` };
  }
  if (bytes.length === 0) return { valid: true, metadata: {} };
  const text = textOf(bytes);
  return {
    valid: true,
    metadata: text === undefined ? { 'user-data': joined, 'user-data-encoding': 'base64' } : { 'user-data': text },
  };
}

/** How user data of cloud-init begins (https://docs.cloud-init.io/en/latest/explanation/format.html). */
const USER_DATA_FORM =
  /^(?:#!|#cloud-config|#cloud-boothook|#include|#part-handler|#upstart-job|## template: jinja|Content-Type: |MIME-Version: )/i;

/**
 * A start-up script as the metadata item that cloud-init reads: it runs once, when the VM is first started. Compute Engine's
 * own `startup-script` would run at every start. Text that does not say what it is, is a script of bash.
 */
export function scriptMetadata(script: string): Readonly<Record<string, string>> {
  if (script === '') return {};
  return { 'user-data': USER_DATA_FORM.test(script) ? script : `#!/bin/bash\n${script}` };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
