/**
 * Returns the name under which a function is registered with functions-framework, which is also its entry point in
 * Google Cloud. gcloud accepts `^[_a-zA-Z0-9]+(\.[_a-zA-Z0-9]+)*$`, so hyphens become underscores.
 */
export function entryPointOf(name: string): string {
  return name.replaceAll('-', '_');
}
