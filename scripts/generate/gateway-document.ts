import type { Contract, FallbackContract, PagesContract } from '#shared/contracts/contract.ts';
import { HTTP_RUNTIME } from '#shared/contracts/runtime-defaults.ts';
import { underscored } from './function-names.ts';
import { fallbackOf, routesOf } from './routes.ts';

/**
 * API Gateway's document. OpenAPI 2.0, because API Gateway supports `{name=**}` and a backend per operation there. The
 * document only maps methods and paths to functions: the gateway checks no schema, and functions check credentials,
 * because the gateway supports neither opaque tokens nor pairs of keys.
 *
 * Backend addresses are template variables named after the functions; Terraform and the local gateway fill them in.
 */
export interface GatewayDocument {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly description: string; readonly version: string };
  readonly schemes: readonly string[];
  readonly produces: readonly string[];
  readonly 'x-google-allow': 'configured';
  readonly paths: Readonly<Record<string, GatewayPath>>;
}

export type GatewayPath = Readonly<Partial<Record<GatewayMethod, GatewayOperation>>>;

export interface GatewayOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly GatewayParameter[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
  readonly 'x-google-backend': {
    /** Template variable with the function's address: `${compute_instances_create}`. */
    readonly address: string;
    readonly path_translation: 'APPEND_PATH_TO_ADDRESS';
    readonly jwt_audience: string;
    readonly deadline: number;
  };
}

export interface GatewayParameter {
  readonly name: string;
  readonly in: 'path';
  readonly required: true;
  readonly type: 'string';
}

/** All methods that OpenAPI 2.0 supports. */
export const GATEWAY_METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] as const;
export type GatewayMethod = (typeof GATEWAY_METHODS)[number];

/** Everything to which a gateway has routes. */
export interface Routed {
  readonly contracts: readonly Contract[];
  readonly fallbacks: readonly FallbackContract[];
  readonly pages: readonly PagesContract[];
}

export function gatewayDocument({ contracts, fallbacks, pages }: Routed, version: string): GatewayDocument {
  const paths = new Map<string, GatewayPath>();
  for (const { path, contracts: these } of routesOf(contracts)) {
    const fallback = fallbackOf(path, fallbacks);
    const answeredBy = (method: GatewayMethod) =>
      these.find((contract) => contract.method.toLowerCase() === (method === 'head' ? 'get' : method));
    paths.set(
      path,
      eachMethod((method) => {
        const contract = answeredBy(method);
        return contract === undefined ? toFallback(fallback, method, path) : toEndpoint(contract, method);
      }),
    );
  }
  for (const fallback of [...fallbacks, ...pages]) {
    for (const path of pathsOf(fallback)) {
      paths.set(
        path,
        eachMethod((method) => toFallback(fallback, method, path)),
      );
    }
  }
  return {
    swagger: '2.0',
    info: { title: 'Compute API', description: 'Routes of the gateway: which function answers what.', version },
    schemes: ['https'],
    produces: ['application/json', 'application/problem+json'],
    'x-google-allow': 'configured',
    paths: Object.fromEntries([...paths].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function pathsOf(fallback: FallbackContract | PagesContract): readonly string[] {
  const below = fallback.prefixes.flatMap((prefix) => [prefix, `${prefix}/{unmatched=**}`]);
  return 'paths' in fallback ? [...below, ...fallback.paths] : below;
}

function eachMethod(operation: (method: GatewayMethod) => GatewayOperation): GatewayPath {
  return Object.fromEntries(GATEWAY_METHODS.map((method) => [method, operation(method)]));
}

function toEndpoint(contract: Contract, method: GatewayMethod): GatewayOperation {
  const id = underscored(contract.name);
  return {
    operationId: method === 'head' ? `${id}_head` : id,
    summary: contract.summary,
    ...operation(contract.name, contract.path, contract.runtime?.deadlineSeconds),
  };
}

function toFallback(fallback: FallbackContract, method: GatewayMethod, path: string): GatewayOperation {
  // Operation ids must be unique and become method names, so they contain letters, digits and underscores only.
  const place = path.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_|_$/g, '') || 'root';
  return {
    operationId: `${underscored(fallback.name)}_${method}_${place}`,
    summary: 'paths' in fallback ? 'A page of the documentation' : 'Not an endpoint',
    ...operation(fallback.name, path, fallback.runtime?.deadlineSeconds),
  };
}

function operation(name: string, path: string, deadlineSeconds = HTTP_RUNTIME.deadlineSeconds) {
  const address = `\${${underscored(name)}}`;
  const parameters = [...path.matchAll(/\{([^}=]+)(?:=\*\*)?\}/g)].map((match): GatewayParameter => ({
    name: match[1] ?? '',
    in: 'path',
    required: true,
    type: 'string',
  }));
  return {
    ...(parameters.length === 0 ? {} : { parameters }),
    responses: { default: { description: "The function's answer." } },
    'x-google-backend': {
      address,
      path_translation: 'APPEND_PATH_TO_ADDRESS',
      jwt_audience: address,
      deadline: deadlineSeconds,
    },
  } as const;
}
