import type { IncomingMessage } from 'node:http';

/** The log entry that ESPv2 sends to Cloud Logging for each request, with the members that this gateway knows. */
export interface RequestEntry {
  readonly logName: string;
  readonly resource: { readonly type: 'api'; readonly labels: Readonly<Record<string, string>> };
  readonly timestamp: string;
  readonly severity: 'INFO' | 'ERROR';
  readonly httpRequest: {
    readonly requestMethod: string;
    readonly requestUrl: string;
    readonly status: number;
    readonly remoteIp: string;
    readonly protocol: 'http';
    readonly latency: string;
  };
  readonly jsonPayload: {
    /** Epoch seconds. */
    readonly timestamp: number;
    readonly service_agent: 'ESPv2/local';
    readonly api_key_state: 'NOT CHECKED';
    readonly http_status_code: number;
    readonly api_name: string;
    readonly api_method: string;
    readonly log_message: string;
    /** The request's key in clear text, from one of three places, even if the operation needs none. */
    readonly api_key?: string;
  };
}

export interface ServedRequest {
  readonly request: Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders'>;
  readonly project: string;
  /** Undefined: the request matched no operation of the document. */
  readonly operationId: string | undefined;
  readonly status: number;
  readonly remoteAddress: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** Name of the API's managed service; the real name has a random part. */
const SERVICE = 'compute-api.apigateway.local';

/** ESPv2's name for a request that matches no operation. */
const UNKNOWN_OPERATION = '<Unknown Operation Name>';

const ERROR_STATUS_MIN = 400;

/**
 * Builds the entry with the members of ESPv2's request_builder.cc (FillLogEntry):
 * https://github.com/GoogleCloudPlatform/esp-v2/blob/master/src/api_proxy/service_control/request_builder.cc and
 * https://docs.cloud.google.com/endpoints/docs/openapi/ref-endpoints-logs.
 */
export function requestEntry(served: ServedRequest): RequestEntry {
  const { request, project, operationId, status, remoteAddress, startedAtMs, endedAtMs } = served;
  const apiMethod =
    operationId === undefined ? UNKNOWN_OPERATION : `1.${SERVICE.replaceAll(/[.-]/g, '_')}.${operationId}`;
  const apiKey = apiKeyOf(request);
  return {
    logName: `projects/${project}/logs/${encodeURIComponent(`${SERVICE}/endpoints_log`)}`,
    resource: {
      type: 'api',
      labels: { project_id: project, service: SERVICE, method: apiMethod, version: '1.0.0', location: 'local' },
    },
    timestamp: new Date(startedAtMs).toISOString(),
    severity: status >= ERROR_STATUS_MIN ? 'ERROR' : 'INFO',
    httpRequest: {
      requestMethod: request.method ?? '',
      requestUrl: request.url ?? '',
      status,
      remoteIp: remoteAddress,
      protocol: 'http',
      latency: `${Math.max(0, endedAtMs - startedAtMs) / 1000}s`,
    },
    jsonPayload: {
      timestamp: startedAtMs / 1000,
      service_agent: 'ESPv2/local',
      api_key_state: 'NOT CHECKED',
      http_status_code: status,
      api_name: SERVICE,
      api_method: apiMethod,
      log_message: `${apiMethod} is called`,
      ...(apiKey === '' ? {} : { api_key: apiKey }),
    },
  };
}

/** Returns the key from the first of ESPv2's default places that has one (its config_parser.cc); empty if none has. */
function apiKeyOf({ url = '/', headers }: ServedRequest['request']): string {
  const query = new URLSearchParams(url.split('?', 2)[1] ?? '');
  const sent = headers['x-api-key'];
  const header = Array.isArray(sent) ? sent[0] : sent;
  return query.get('key') ?? query.get('api_key') ?? header ?? '';
}
