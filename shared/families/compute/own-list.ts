import { Failure } from '#shared/domain/failure.ts';

/** Throws `not_found` for an empty list if the request had no parameters, as this family's contract requires. */
export function requireSome(instances: readonly unknown[], query: object): void {
  if (instances.length > 0 || Object.keys(query).length > 0) return;
  throw new Failure('not_found', 'You have no instances. POST /api/compute/v1/instances creates one.', {
    reason: 'no_instances',
  });
}

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** Returns the Link header of the next page (RFC 8288); no header for the last page. */
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
