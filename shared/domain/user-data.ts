/** Maximum size of user data after decoding. */
export const USER_DATA_BYTES_MAX = 32 * 1024;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export type UserData =
  | { readonly valid: true; readonly metadata: Readonly<Record<string, string>> }
  /** `message` completes the sentence "user_data …". */
  | { readonly valid: false; readonly message: string };

/**
 * Converts user data to the metadata items that cloud-init reads on Compute Engine. Metadata is text, so other bytes
 * stay base64 and are marked by `user-data-encoding`
 * (https://docs.cloud-init.io/en/latest/reference/datasources/gce.html).
 */
export function userDataMetadata(base64: string): UserData {
  // Many tools insert line breaks into base64.
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

/** The possible beginnings of cloud-init user data (https://docs.cloud-init.io/en/latest/explanation/format.html). */
const USER_DATA_FORM =
  /^(?:#!|#cloud-config|#cloud-boothook|#include|#part-handler|#upstart-job|## template: jinja|Content-Type: |MIME-Version: )/i;

/**
 * Converts a start-up script to the metadata item that cloud-init reads, so that it runs once, at the first start of
 * the VM. Compute Engine's own `startup-script` would run at every start. Text without a recognized beginning is run by
 * bash.
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
