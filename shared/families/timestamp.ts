/** ISO 8601 in UTC with whole seconds: `2024-01-01T00:00:00Z`. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
