import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { PLAIN_POLICY } from './html.ts';
import { INDEX } from './index-data.ts';
import { llmsText } from './llms.ts';
import {
  allReasonData,
  type Documents,
  isReason,
  reasonData,
  reasonIndexPage,
  reasonPage,
  type ReasonUses,
  usesOf,
} from './reason-pages.ts';
import { referencePage } from './reference-page.ts';
import { REFERENCE_SCRIPT } from './reference-script.ts';

/** A response that is the same for all callers. */
export interface Page {
  readonly type: string;
  /** Compressed by gzip. */
  readonly packed: Buffer;
  /** Weak, because it is the same for the compressed and the uncompressed form. */
  readonly etag: string;
  /** Content-Security-Policy. */
  readonly policy: string;
  readonly cacheControl: string;
  /** Request headers that determine which form is sent. */
  readonly vary: string;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const HTML_TYPE = 'text/html; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
/** Callers see a new version within five minutes. */
const CACHED_BRIEFLY = 'public, max-age=300';
/** For files whose name contains the hash of their content. */
const CACHED_FOR_GOOD = 'public, max-age=31536000, immutable';
const NOTHING_POLICY = "default-src 'none'; frame-ancestors 'none'";

export interface PagesSource {
  /** The OpenAPI document that refers to the documents of the families. */
  readonly all: unknown;
  readonly parts: Documents;
}

/** The documentation's pages, keyed by path; each is rendered at its first request. */
export class Pages {
  readonly #source: PagesSource;
  readonly #made = new Map<string, Page>();
  readonly #script = Buffer.from(REFERENCE_SCRIPT, 'base64');
  readonly #scriptPath: string;
  #uses: ReasonUses | undefined;

  constructor(source: PagesSource) {
    this.#source = source;
    const hash = createHash('sha256').update(this.#script).digest('hex').slice(0, 16);
    this.#scriptPath = `/docs/reference-${hash}.js`;
  }

  /** Returns a page; `undefined` if it does not exist. `asData`: return pages about reasons as JSON. */
  find(path: string, asData: boolean): Page | undefined {
    const key = `${path} ${asData ? 'data' : ''}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const made = this.#make(path, asData);
    // Paths that do not exist are not kept, so that no caller can fill the memory with them.
    if (made !== undefined) this.#made.set(key, made);
    return made;
  }

  #make(path: string, asData: boolean): Page | undefined {
    const { all, parts } = this.#source;
    switch (path) {
      case '/':
        return pageOf(JSON_TYPE, JSON.stringify(INDEX));
      case '/health':
        return { ...pageOf(JSON_TYPE, '{"status":"ok"}'), cacheControl: 'no-store' };
      case '/llms.txt':
        return pageOf(TEXT_TYPE, llmsText(parts));
      case '/docs': {
        const { html, policy } = referencePage(this.#scriptPath, parts);
        return pageOf(HTML_TYPE, html, policy);
      }
      case '/docs/openapi.json':
        return pageOf(JSON_TYPE, JSON.stringify(all));
      case '/docs/errors':
        return asData ? dataOf(allReasonData()) : htmlOf(reasonIndexPage());
      case this.#scriptPath:
        return {
          ...pageOf('text/javascript; charset=utf-8', '', NOTHING_POLICY, this.#script),
          cacheControl: CACHED_FOR_GOOD,
        };
      default:
        return this.#part(path) ?? this.#reason(path, asData);
    }
  }

  #part(path: string): Page | undefined {
    const [, name = ''] = /^\/docs\/openapi\/([a-z]{1,64})\.json$/.exec(path) ?? [];
    const { parts } = this.#source;
    return Object.hasOwn(parts, name) ? pageOf(JSON_TYPE, JSON.stringify(parts[name])) : undefined;
  }

  #reason(path: string, asData: boolean): Page | undefined {
    const [, reason = ''] = /^\/docs\/errors\/([a-z0-9_]{1,64})$/.exec(path) ?? [];
    if (!isReason(reason)) return undefined;
    const uses = (this.#uses ??= usesOf(this.#source.parts));
    return asData ? dataOf(reasonData(reason, uses)) : htmlOf(reasonPage(reason, uses));
  }
}

function htmlOf(html: string): Page {
  return { ...pageOf(HTML_TYPE, html, PLAIN_POLICY), vary: 'accept, accept-encoding' };
}

function dataOf(data: unknown): Page {
  return { ...pageOf(JSON_TYPE, JSON.stringify(data)), vary: 'accept, accept-encoding' };
}

function pageOf(type: string, text: string, policy = NOTHING_POLICY, packed = gzipSync(text)): Page {
  const etag = `W/"${createHash('sha256').update(packed).digest('base64url').slice(0, 22)}"`;
  return { type, packed, etag, policy, cacheControl: CACHED_BRIEFLY, vary: 'accept-encoding' };
}
