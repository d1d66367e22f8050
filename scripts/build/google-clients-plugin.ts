import { readFile } from 'node:fs/promises';
import type { Plugin, PluginBuild } from 'esbuild';
import { GOOGLE_PACKAGES, type GooglePackage } from './google-clients.ts';
import { absentModule, editedModule, GAX, REPLACEMENTS, type Replacement } from './module-replacements.ts';
import { protosModule } from './message-codecs.ts';
import { methodsOf } from './prune-protos.ts';

/** esbuild's namespace of the generated modules; also the prefix of their names in the metafile. */
export const THIN_NAMESPACE = 'google-client';

/**
 * Makes esbuild include only those parts of Google's packages that `GOOGLE_PACKAGES` names: a package becomes a small
 * module with the generated clients, its descriptor is pruned to the methods used, and unused modules are replaced. The
 * build fails if a table no longer matches the installed packages.
 */
export function googleClientsPlugin(): Plugin {
  return {
    name: 'google-clients',
    setup(build) {
      for (const entry of GOOGLE_PACKAGES) servePackage(build, entry);
      serveReplacements(build, REPLACEMENTS);
      serveLightProtobuf(build);
    },
  };
}

/** protobuf.js without its parser of .proto files: no client has such a file, its descriptors are JSON. */
function serveLightProtobuf(build: PluginBuild): void {
  build.onResolve({ filter: exactly('protobufjs') }, ({ resolveDir, kind }) =>
    build.resolve('protobufjs/light.js', { resolveDir, kind }),
  );
}

function servePackage(build: PluginBuild, entry: GooglePackage): void {
  const { specifier, generated } = entry;
  const descriptors = new Map<string, Promise<unknown>>();
  const descriptorAt = (path: string): Promise<unknown> => {
    const known = descriptors.get(path) ?? readFile(path, 'utf8').then((text): unknown => JSON.parse(text));
    descriptors.set(path, known);
    return known;
  };
  const resolveFrom = async (path: string, resolveDir: string): Promise<string> => {
    const found = await build.resolve(path, { resolveDir, kind: 'require-call', pluginData: THIN_NAMESPACE });
    if (found.errors.length > 0) throw new Error(`${path} is not installed: ${found.errors[0]?.text ?? ''}`);
    return found.path;
  };

  build.onResolve({ filter: exactly(specifier) }, async ({ resolveDir, importer, pluginData }) => {
    if (pluginData === THIN_NAMESPACE) return undefined;
    const strangers = await clientsNotIn(entry, importer);
    if (strangers.length > 0) {
      const text = `${specifier} has no ${strangers.join(', ')} in a bundle; name it in scripts/build/google-clients.ts.`;
      return { errors: [{ text, location: { file: importer } }] };
    }
    // The generated package is a dependency of the public one, so it is resolved from there.
    return { path: specifier, namespace: THIN_NAMESPACE, pluginData: await resolveFrom(specifier, resolveDir) };
  });
  build.onLoad({ filter: exactly(specifier), namespace: THIN_NAMESPACE }, async ({ pluginData }) => {
    const resolveDir = String(pluginData).replace(/[^/\\]+$/, '');
    const descriptor = await descriptorAt(await resolveFrom(`${generated}/build/protos/protos.json`, resolveDir));
    return { contents: thinModule(entry, descriptor), resolveDir, loader: 'js' };
  });
  for (const { module, className, service, methods } of entry.clients) {
    build.onLoad({ filter: underNodeModules(`${generated}/${module}`) }, async ({ path }) => {
      const folder = path.slice(0, -module.length);
      const all = methodsOf(await descriptorAt(`${folder}build/protos/protos.json`), service).map(lowerFirst);
      const unused = all.filter((method) => !methods.map(lowerFirst).includes(method));
      return { contents: withoutMethods(className, await readFile(path, 'utf8'), unused), loader: 'js' };
    });
  }
  build.onLoad({ filter: underNodeModules(`${generated}/build/protos/protos.json`) }, async ({ path }) => {
    const services = Object.fromEntries(entry.clients.map(({ service, methods }) => [service, methods]));
    return { contents: protosModule(await descriptorAt(path), services, entry.transport), loader: 'js' };
  });
}

/**
 * Returns the clients that a source reads from `v1` and that the table lacks. esbuild reports a missing export by
 * itself, but a missing member of an exported object would show only at run time.
 */
async function clientsNotIn({ under, clients }: GooglePackage, source: string): Promise<readonly string[]> {
  if (under === 'top') return [];
  const read = (await readFile(source, 'utf8')).matchAll(/\bv1\.(\w+Client)\b/g);
  const names = new Set(Array.from(read, ([, name = '']) => name));
  return [...names].filter((name) => !clients.some(({ className }) => className === name));
}

/**
 * Returns a module that exports a package's clients. Calling a method that was pruned from the descriptor throws an
 * error that says so.
 */
function thinModule({ generated, under, clients }: GooglePackage, descriptor: unknown): string {
  const names = clients.map(({ className }) => className).join(', ');
  return [
    ...clients.map(
      ({ className, module }) => `import { ${className} } from ${JSON.stringify(`${generated}/${module}`)};`,
    ),
    `function refuse(client, service, methods) {
  for (const method of methods) {
    client.prototype[method] = () => {
      throw new Error(service + '.' + method + ' is not in this bundle; name it in scripts/build/google-clients.ts.');
    };
  }
}`,
    ...clients.map(({ className, service, methods }) => {
      const pruned = methodsOf(descriptor, service).filter((method) => !methods.includes(method));
      return `refuse(${className}, ${JSON.stringify(service)}, ${JSON.stringify(pruned.map(lowerFirst))});`;
    }),
    under === 'v1' ? `export const v1 = { ${names} };` : `export { ${names} };`,
  ].join('\n');
}

/** Removes unused methods from a generated client; `thinModule` replaces them by functions that throw. */
function withoutMethods(className: string, source: string, methods: readonly string[]): string {
  let text = source;
  for (const method of methods) {
    // Relies on the generator's layout: members, and the braces that close them, are indented by four spaces.
    const pieces = text.split(
      new RegExp(`^    ${method}\\(request, optionsOrCallback, callback\\) \\{\\n[^]*?\\n    \\}\\n`, 'm'),
    );
    const paged = method.startsWith('list') || /list$/i.test(method);
    if (pieces.length !== 2 && !paged) throw new Error(`${className}.${method} is not written as expected any more.`);
    text = pieces.join('');
  }
  return text;
}

function serveReplacements(build: PluginBuild, rows: readonly Replacement[]): void {
  const applied = new Set<Replacement>();
  const loaded = new Set<string>();
  build.onStart(() => {
    applied.clear();
    loaded.clear();
  });
  for (const through of new Set(rows.map(rootOf))) {
    build.onLoad({ filter: underNodeModules(through) }, () => {
      loaded.add(through);
      return undefined;
    });
  }
  for (const row of rows) {
    build.onLoad({ filter: underNodeModules(row.module) }, async ({ path }) => {
      const contents =
        row.kind === 'absent' ? absentModule(row.module) : editedModule(row, await readFile(path, 'utf8'));
      applied.add(row);
      return { contents, loader: 'js' };
    });
  }
  build.onEnd(({ errors }) => {
    if (errors.length > 0) return undefined;
    const idle = rows.filter((row) => loaded.has(rootOf(row)) && !applied.has(row)).map(({ module }) => module);
    if (idle.length === 0) return undefined;
    const text = `Nothing loads ${idle.join(', ')} any more: remove or correct the rows in scripts/build/replaced.`;
    return { errors: [{ text }] };
  });
}

function rootOf({ through = GAX }: Replacement): string {
  return through;
}

function lowerFirst(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}

function exactly(specifier: string): RegExp {
  return new RegExp(`^${escaped(specifier)}$`);
}

function underNodeModules(path: string): RegExp {
  return new RegExp(`[/\\\\]node_modules[/\\\\]${escaped(path).replaceAll('/', '[/\\\\]')}$`);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
