/**
 * The API reference's program (Scalar's standalone build), compressed by gzip, in base64. The bundler inserts it
 * (`scripts/build/reference-script-plugin.ts`); when the sources run unbundled, it is empty.
 */
export const REFERENCE_SCRIPT = '';
