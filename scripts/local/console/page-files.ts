import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';

const PAGE_FOLDER = join(import.meta.dirname, 'page');
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};
const FILES: Readonly<Record<string, string>> = {
  '/console': 'index.html',
  '/console/console.css': 'console.css',
  '/console/console.js': 'console.js',
  '/console/elements.js': 'elements.js',
  '/console/views.js': 'views.js',
};

/** The page loads nothing from elsewhere and is shown in no other page. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Answers a file of the console's page. False: the path is none of them. */
export function servePageFile(pathname: string, response: ServerResponse): boolean {
  const file = Object.hasOwn(FILES, pathname) ? FILES[pathname] : undefined;
  if (file === undefined) return false;
  response.writeHead(200, {
    'content-type': CONTENT_TYPES[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(readFileSync(join(PAGE_FOLDER, file)));
  return true;
}

/**
 * Whether a request comes from the server's own page, or from no page at all. A browser sends Origin when a web page asks; a
 * page whose host name was pointed at this machine after it was loaded (DNS rebinding) has a Host that is not ours.
 */
export function isOwnPage({ headers: { origin, host } }: IncomingMessage, address: string): boolean {
  const port = address.split(':').at(-1) ?? '';
  const isOurs = host === address || host === `localhost:${port}`;
  return isOurs && (origin === undefined || origin === `http://${host}`);
}
