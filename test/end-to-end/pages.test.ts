import { existsSync } from 'node:fs';
import axe, { type AxeResults } from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publicDocuments } from '#scripts/generate/public-documents.ts';
import { CONTRACTS } from '#shared/contracts/index.ts';
import { REASONS } from '#shared/domain/reasons.ts';
import { INDEX } from '#shared/pages/index-data.ts';
import { send } from '#test/support/http-client.ts';
import { sharedLocalCloud } from '#test/support/local-cloud.ts';

const cloud = sharedLocalCloud();
const PLACES = new Set(CONTRACTS.map(({ method, path }) => `${method} ${path}`));

async function get(path: string, headers: Readonly<Record<string, string>> = {}) {
  return send(cloud().baseUrl, { method: 'GET', path, headers });
}

describe('GET /', () => {
  test('names documentation, documents, reasons and health, and each of them answers without a credential', async () => {
    const index = (await get('/')).body as Readonly<Record<string, string>>;

    for (const name of ['documentation', 'openapi', 'errors', 'llms', 'health'])
      expect((await get(index[name] ?? '')).status, name).toBe(200);
    for (const { openapi } of [...Object.values(INDEX.families), INDEX.administration])
      expect((await get(openapi)).body, openapi).toMatchObject({ openapi: '3.1.0' });
  });

  test('names all families, each with catalogue, keys, create, power, edit and delete, at places that exist', async () => {
    const { families } = (await get('/')).body as { readonly families: Readonly<Record<string, object>> };

    expect(Object.keys(families)).toEqual(['compute', 'resource', 'fleet']);
    for (const [name, family] of Object.entries(families)) {
      expect(Object.keys(family), name).toEqual(
        expect.arrayContaining(['me', 'catalogue', 'keys', 'create', 'list', 'start', 'stop', 'edit', 'delete']),
      );
    }
    const named = JSON.stringify(INDEX).match(/(GET|POST|PATCH|DELETE) \/[^"?]+/g) ?? [];
    expect(named.filter((place) => !PLACES.has(place))).toEqual([]);
  });
});

test('/llms.txt names every endpoint, and no path that is not there', async () => {
  const { text, headers } = await get('/llms.txt');

  expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  const listed = [...text.matchAll(/^- `((?:GET|POST|PATCH|DELETE) [^`]+)`: \S/gm)].map(([, place]) => place);
  expect(listed.sort()).toEqual([...PLACES].sort());
  for (const [, path = ''] of text.matchAll(/\]\((\/[^)]*)\)/g)) expect((await get(path)).status, path).toBe(200);
  const [beginning = ''] = text.split('## Documentation');
  for (const [, place = ''] of beginning.matchAll(/`(GET \/[^`]+)`/g))
    expect(place === 'GET /' || PLACES.has(place), place).toBe(true);
});

describe('the OpenAPI documents', () => {
  test('are the generated ones, byte for byte without white space, and refer to each other where they are served', async () => {
    for (const [path, document] of publicDocuments(CONTRACTS, '1.0.0')) {
      const answer = await get(`/docs/${path}`);
      expect(answer.text, path).toBe(JSON.stringify(document));
      expect(answer.headers['cache-control']).toBe('public, max-age=300');
    }
    const { paths } = (await get('/docs/openapi.json')).body as { readonly paths: Record<string, { $ref: string }> };
    const places = new Set(
      Object.values(paths).map(({ $ref }) => new URL($ref, 'http://api/docs/openapi.json').pathname),
    );
    expect([...places].sort()).toEqual(
      ['admin', 'compute', 'fleet', 'resource'].map((name) => `/docs/openapi/${name}.json`),
    );
  });
});

describe('the pages of reasons', () => {
  test('are for people, and data for programs that ask for JSON, with the status of each endpoint', async () => {
    const page = await get('/docs/errors/zone_exhausted');
    const { body, headers } = await get('/docs/errors/zone_exhausted', { accept: 'application/json' });

    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['vary']).toBe('accept, accept-encoding');
    expect(body).toMatchObject({ reason: 'zone_exhausted', repeat: 'later', status: 503 });
    const all = (await get('/docs/errors', { accept: 'application/json' })).body as { reasons: { reason: string }[] };
    expect(all.reasons.map(({ reason }) => reason)).toEqual(Object.keys(REASONS));
  });

  test('the type of a problem is a page that is there', async () => {
    const problem = (await get('/api/compute/v1/templates')).body as { readonly type: string };

    expect((await get(problem.type)).text).toContain('<h1>There is no credential');
  });
});

describe('every page', () => {
  const PATHS = ['/', '/llms.txt', '/docs', '/docs/openapi.json', '/docs/errors', '/docs/errors/contention'];

  test.each(PATHS)(
    '%s can be kept, is 304 while it has not changed, and is the same packed and plain',
    async (path) => {
      const plainAnswer = await get(path);
      const { etag = '' } = plainAnswer.headers;
      const packed = await fetch(cloud().baseUrl + path, { headers: { 'accept-encoding': 'gzip' } });

      expect(plainAnswer.headers['cache-control']).toMatch(/^public, max-age=\d+/);
      expect(plainAnswer.headers['content-encoding']).toBeUndefined();
      expect(packed.headers.get('content-encoding')).toBe('gzip');
      expect(await packed.text()).toBe(plainAnswer.text);
      for (const sent of [etag, etag.replace('W/', ''), `"other", ${etag}`, '*'])
        expect((await get(path, { 'if-none-match': sent })).status, sent).toBe(304);
      expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
      expect((await get(path, { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding']).toBeUndefined();
      const head = await send(cloud().baseUrl, { method: 'HEAD', path, headers: {} });
      expect(head).toMatchObject({ status: 200, text: '' });
      expect(head.headers['content-length']).toBe(plainAnswer.headers['content-length']);
    },
  );

  test.each(PATHS.slice(3))('%s allows no other origin, and no foreign page around it', async (path) => {
    const { headers } = await get(path);

    expect(headers['content-security-policy']).toMatch(/^default-src 'none'/);
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy']).not.toMatch(/https?:|\*/);
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test('the program of the reference is kept for good under a name that holds its hash', async () => {
    const [, path = ''] = /<script src="([^"]+)"/.exec((await get('/docs')).text) ?? [];
    const { status, headers } = await send(cloud().baseUrl, {
      method: 'HEAD',
      path,
      headers: { 'accept-encoding': 'gzip' },
    });

    expect(path).toMatch(/^\/docs\/reference-[0-9a-f]{16}\.js$/);
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(Number(headers['content-length'])).toBeGreaterThan(500_000);
  });

  test('unknown pages are 404, and other methods 405, in the envelope of the compute family', async () => {
    for (const path of [
      '/docs/',
      '/docs/errors/nonsense',
      '/docs/errors/toString',
      '/docs/x',
      '/docs/openapi/gateway.json',
    ])
      expect((await get(path)).headers, path).toMatchObject({
        'x-error-reason': 'unknown_path',
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
      });
    for (const path of ['/', '/docs', '/docs/errors/contention']) {
      const posted = await send(cloud().baseUrl, { method: 'POST', path, headers: {}, body: '{}' });
      expect(posted, path).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    }
  });
});

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', process.env['CHROMIUM'] ?? ''].find(
  (path) => path !== '' && existsSync(path),
);
if (CHROMIUM === undefined) console.warn('skipped: the documentation in a browser, because there is no Chromium.');

describe.skipIf(CHROMIUM === undefined)('in Chromium', () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  /** Opens a page, and records its errors and every request to another origin. */
  async function open(path: string) {
    if (browser === undefined) throw new Error('The browser has not started.');
    const page = await browser.newPage({ colorScheme: 'light', viewport: { width: 1280, height: 900 } });
    // The test's own time limit is the only one.
    page.setDefaultTimeout(0);
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${cloud().baseUrl}/`) && !/^(data|blob):/.test(url)) complaints.push(`left: ${url}`);
    });
    await page.goto(cloud().baseUrl + path);
    return { page, complaints };
  }

  /** Returns, for dark colours and a narrow window, what axe finds and what is wider than the window. */
  async function faultsInDark(page: Page): Promise<readonly string[]> {
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 420, height: 900 });
    const fits = await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth');
    return [...(await accessibilityFaults(page)), ...(fits ? [] : ['wider than the window'])];
  }

  async function accessibilityFaults(page: Page): Promise<readonly string[]> {
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate<AxeResults>('axe.run()');
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`.slice(0, 300));
  }

  /** Presses a key until the focused element's text matches; fails after more presses than the page has elements. */
  async function reach(page: Page, what: RegExp, key = 'Tab'): Promise<void> {
    const focused = `(({ placeholder, textContent } = document.activeElement) => (placeholder ?? '') + textContent)()`;
    for (let presses = 0; presses < 120; presses += 1) {
      await page.keyboard.press(key);
      if (what.test(await page.evaluate<string>(focused))) return;
    }
    throw new Error(`The keyboard does not reach ${what.source}.`);
  }

  test('a pasted key creates a machine from the reference, by the keyboard alone and without another origin', async () => {
    const { page, complaints } = await open('/docs');
    await page.getByRole('link', { name: 'Create an instance' }).waitFor();

    await reach(page, /^Token/);
    await page.keyboard.insertText(cloud().connection.principals.carol.token);
    await reach(page, /^Test Request.*\/api\/compute\/v1\/instances/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('Bearer Token').waitFor();
    await reach(page, /^Send/, 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByText('201 Created').waitFor();
    await page.keyboard.press('Escape');

    const listed = await cloud().request('carol', 'GET', '/api/compute/v1/instances');
    expect(listed.body).toMatchObject([{ templateId: 'ubuntu-22-standard', configId: 'default-network' }]);
    // The page requested nothing from another origin, and its policy blocked nothing.
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('the reference has no fault of accessibility, light and wide, dark and narrow', async () => {
    const { page, complaints } = await open('/docs');
    await page.getByRole('link', { name: 'Create an instance' }).waitFor();

    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await faultsInDark(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each(['/docs/errors', '/docs/errors/contention'])('%s has no fault of accessibility', async (path) => {
    const { page, complaints } = await open(path);

    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await faultsInDark(page)).toEqual([]);
    await reach(page, /^All reasons$/);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
