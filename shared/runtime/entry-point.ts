/**
 * The name under which a function is registered with functions-framework, and its entry point for the platform. gcloud
 * accepts `^[_a-zA-Z0-9]+(\.[_a-zA-Z0-9]+)*$`: hyphens of the function's name become underscores.
 */
export function entryPointOf(name: string): string {
  return name.replaceAll('-', '_');
}
