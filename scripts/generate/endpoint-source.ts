import { Ajv } from 'ajv';
import standalone from 'ajv/dist/standalone/index.js';
import type { TSchema } from 'typebox';
import { type Contract, type Fallback, type FallbackContract, whileSuspended } from '#shared/contracts/contract.ts';
import type { QueryKind, QueryKinds } from '#shared/contracts/run-check.ts';
import { areaOf, exportOf, restOf } from './function-names.ts';
import { checkedSchema, hasDefault, type PlainSchema } from './plain-schema.ts';
import { isBelow, routesOf } from './routes.ts';

const NOTICE = '// Generated from the contracts by `npm run generate`. Do not edit.';

/**
 * Returns the file that a function imports: its endpoint without schemas. The compiled checks are in a separate file,
 * because generated code is excluded from type checking.
 */
export function endpointSource(contract: Contract): string {
  const name = exportOf(contract.name);
  const file = `#shared/contracts/${areaOf(contract.name)}/${restOf(contract.name)}.ts`;
  const { family, method, path, role, limit, idempotent } = contract;
  return `${NOTICE}
import type { BodyOf, Endpoint, ParamsOf, QueryOf } from '#shared/contracts/contract.ts';
import type { ${name} } from '${file}';
import { exactCheck, queryCheck } from '#shared/contracts/run-check.ts';
import * as compiled from './${contract.name}.checks.ts';

export type Params = ParamsOf<typeof ${name}>;
export type Query = QueryOf<typeof ${name}>;
export type Body = BodyOf<typeof ${name}>;

export const endpoint: Endpoint<Params, Query, Body> = {
  name: ${text(contract.name)},
  family: ${text(family)},
  method: ${text(method)},
  path: ${text(path)},
  role: ${text(role)},
  limit: ${text(limit)},
  idempotent: ${text(idempotent)},
  whileSuspended: ${text(whileSuspended(contract))},
  checkParams: exactCheck<Params>(compiled.params),
  checkQuery: queryCheck<Query>(compiled.query, ${text(queryKinds(checkedSchema(contract.query)))}${ignoresUnknown(contract) ? ", 'ignore unknown'" : ''}),
  checkBody: ${contract.body === null ? 'null' : 'exactCheck<Body>(compiled.body)'},
};
`;
}

/**
 * Whether the family ignores unknown query parameters. Clients of the fleet family send parameters that no document
 * names, and the original services ignore them.
 */
function ignoresUnknown({ family }: Contract): boolean {
  return family === 'fleet';
}

/** Returns ajv's standalone code for a contract's schemas. */
export function checksSource(contract: Contract): string {
  const schemas: Record<string, TSchema> = { params: contract.params, query: contract.query };
  if (contract.body !== null) schemas['body'] = contract.body;
  const ajv = new Ajv({
    allErrors: true,
    strict: true,
    strictRequired: false,
    allowUnionTypes: false,
    useDefaults: true,
    // A test validates the schemas, so that generating is faster.
    meta: false,
    validateSchema: false,
    code: { esm: true, source: true, lines: true },
  });
  for (const [key, schema] of Object.entries(schemas)) {
    const plain = checkedSchema(schema);
    if (key !== 'query' && hasDefault(plain)) {
      throw new Error(`${contract.name}: only queries have defaults; a body or a path is taken as it was sent.`);
    }
    ajv.addSchema(plain, key);
  }
  const code = standalone.default(ajv, Object.fromEntries(Object.keys(schemas).map((key) => [key, key])));
  return `// @ts-nocheck\n${NOTICE}\n${withImports(contract.name, code)}\n`;
}

const CODE_POINTS = /require\("ajv\/dist\/runtime\/ucs2length"\)\.default/g;

/**
 * Replaces ajv's `require` calls, which modules do not have; the schemas need only one of ajv's helpers, which is
 * provided here.
 */
function withImports(name: string, code: string): string {
  const own = withoutSchemas(code.replace('"use strict";', '').replace(CODE_POINTS, 'codePoints')).trim();
  const other = /require\([^)]*\)/.exec(own);
  if (other !== null) throw new Error(`${name}: a schema keyword needs ${other[0]}, which the checks cannot load.`);
  return own.includes('codePoints') ? `import { codePoints } from '#shared/contracts/run-check.ts';\n${own}` : own;
}

/**
 * Removes the copy of each schema that ajv writes for rules that read it at run time; none of the contracts' rules
 * does.
 */
function withoutSchemas(code: string): string {
  return code.replace(/^const (schema\d+) = .*;\n/gm, (line, name: string) =>
    code.split(new RegExp(`\\b${name}\\b`)).length > 2 ? line : '',
  );
}

function queryKinds(schema: PlainSchema): QueryKinds {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, property]) => {
      const many = property.type === 'array';
      return [name, { kind: kindOf((many ? property.items : property)?.type), many }];
    }),
  );
}

function kindOf(type: string | undefined): QueryKind {
  return type === 'integer' || type === 'number' || type === 'boolean' ? type : 'text';
}

export function fallbackSource(fallback: FallbackContract, contracts: readonly Contract[]): string {
  const value: Fallback = {
    name: fallback.name,
    family: fallback.family,
    prefixes: fallback.prefixes,
    routes: routesOf(contracts)
      .filter(({ path }) => fallback.prefixes.some((prefix) => isBelow(path, prefix)))
      .map(({ path, allow }) => ({ path, allow })),
  };
  return `${NOTICE}
import type { Fallback } from '#shared/contracts/contract.ts';

export const ${exportOf(fallback.name)}: Fallback = ${JSON.stringify(value, null, 2)};
`;
}

function text(value: unknown): string {
  return JSON.stringify(value);
}
