import { Failure } from '#shared/domain/failure.ts';

/** The contract of this family: an empty list is "not found", where nothing was said about what to list. */
export function requireSome(instances: readonly unknown[], query: object): void {
  if (instances.length > 0 || Object.keys(query).length > 0) return;
  throw new Failure('not_found', 'You have no instances. POST /api/compute/v1/instances creates one.', {
    reason: 'no_instances',
  });
}

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** The next page of the same list (RFC 8288); no header on the last one. */
export function nextPageLink(path: string, query: Query, cursor: string | undefined): Readonly<Record<string, string>> {
  if (cursor === undefined) return {};
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (name === 'cursor' || value === undefined) continue;
    for (const one of [value].flat()) parameters.append(name, String(one));
  }
  parameters.append('cursor', cursor);
  return { link: `<${path}?${parameters.toString()}>; rel="next"` };
}
