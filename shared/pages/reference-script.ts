/**
 * The API reference's program (Scalar's standalone build), compressed by gzip, in base64. The bundler puts it here
 * (`scripts/build/reference-script-plugin.ts`); a process that runs the sources as they are has none.
 */
export const REFERENCE_SCRIPT = '';
