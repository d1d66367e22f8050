import type { Contract } from '#shared/contracts/contract.ts';
import { publicDocument, type PublicDocument } from './public-document.ts';
import { DOCUMENTS } from './public-introduction.ts';

type Json = Readonly<Record<string, unknown>>;

/** Returns the documents for users, by their path below `infra/generated` and below `/docs` of the API. */
export function publicDocuments(contracts: readonly Contract[], version: string): ReadonlyMap<string, Json> {
  const whole = publicDocument(contracts, version);
  const files = new Map<string, Json>([['openapi.json', join(whole)]]);
  for (const { name, title, introduction } of DOCUMENTS) {
    const paths = Object.fromEntries(Object.entries(whole.paths).filter(([path]) => documentOf(path) === name));
    const info = { ...whole.info, title, description: introduction };
    const { openapi, servers, security } = whole;
    files.set(pathOf(name), { openapi, info, servers, security, paths, ...sharedParts(whole, paths) });
  }
  return files;
}

/** Returns a document that refers to every path of the others, so that a program can read all of them from one address. */
function join(whole: PublicDocument): Json {
  return {
    ...whole,
    paths: Object.fromEntries(
      Object.keys(whole.paths).map((path) => [
        path,
        { $ref: `${pathOf(documentOf(path))}#/paths/${encodeURIComponent(path.replaceAll('/', '~1'))}` },
      ]),
    ),
    components: { securitySchemes: whole.components['securitySchemes'] },
  };
}

function pathOf(name: string): string {
  return `openapi/${name}.json`;
}

/** Returns the name of the document with the longest prefix of the path. */
function documentOf(path: string): string {
  const prefixes = DOCUMENTS.flatMap(({ name, below }) => below.map((prefix) => ({ name, prefix })));
  const found = prefixes
    .filter(({ prefix }) => path.startsWith(`${prefix}/`))
    .sort((a, b) => b.prefix.length - a.prefix.length)[0];
  if (found === undefined) throw new Error(`${path} belongs to no public document.`);
  return found.name;
}

/** Returns the tags and components that these paths use. */
function sharedParts({ tags, components }: PublicDocument, paths: Json): Json {
  const text = JSON.stringify(paths);
  const used = usedComponents(components, text);
  return {
    tags: tags.filter(({ name }) => text.includes(`"tags":["${name}"]`)),
    components: Object.fromEntries(
      Object.entries(components).map(([kind, named]) => [
        kind,
        kind === 'securitySchemes'
          ? named
          : Object.fromEntries(Object.entries(named).filter(([name]) => used.has(`${kind}/${name}`))),
      ]),
    ),
  };
}

/** Returns `KIND/NAME` of every component that a text refers to, directly or through other components. */
function usedComponents(components: PublicDocument['components'], text: string): ReadonlySet<string> {
  const used = new Set<string>();
  const follow = (part: string) => {
    for (const [, kind = '', name = ''] of part.matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) {
      if (used.has(`${kind}/${name}`)) continue;
      used.add(`${kind}/${name}`);
      follow(JSON.stringify(components[kind]?.[name] ?? null));
    }
  };
  follow(text);
  return used;
}
