import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A `curl` command of the documentation. */
export interface OriginalRequest {
  readonly title: string;
  readonly method: string;
  /** Path and query, unchanged. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/**
 * Returns the requests of one page of the documentation in order, from `originals/NAME.txt`, where each follows a line
 * `# title`.
 */
export function originalRequests(name: string): readonly OriginalRequest[] {
  const text = readFileSync(fileURLToPath(new URL(`originals/${name}.txt`, import.meta.url)), 'utf8');
  return text
    .split(/^# /m)
    .slice(1)
    .map((block) => parsed(block));
}

function parsed(block: string): OriginalRequest {
  const end = block.indexOf('\n');
  const curl = block.slice(end + 1);
  const url = /'(https:\/\/[^']+)'/.exec(curl)?.[1];
  if (url === undefined) throw new Error(`There is no URL in ${block}`);
  const { pathname, search } = new URL(url);
  const headers = [...curl.matchAll(/-H '([^:']+): ([^']*)'/g)].map(([, header = '', value = '']) => [header, value]);
  return {
    title: block.slice(0, end),
    method: /-X '([A-Z]+)'/.exec(curl)?.[1] ?? 'GET',
    target: pathname + search,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: /-d '([^']*)'/.exec(curl)?.[1],
  };
}
