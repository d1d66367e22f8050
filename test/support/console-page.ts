import { existsSync } from 'node:fs';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

/** `undefined`: this machine has none. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', process.env['CHROMIUM'] ?? ''].find(
  (path) => path !== '' && existsSync(path),
);
if (CHROMIUM === undefined) console.warn('skipped: the console in a browser, because there is no Chromium.');

export interface OpenPage {
  readonly page: Page;
  /** Errors of the page, and requests that left its origin. */
  readonly complaints: readonly string[];
}

/** One browser for the tests of a file: to be called there; opens a page of a console, by the origin of its server. */
export function sharedBrowser(): (origin: string, settings?: Parameters<Browser['newPage']>[0]) => Promise<OpenPage> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (CHROMIUM !== undefined) browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());
  return async (origin, settings = {}) => {
    if (browser === undefined) throw new Error('The browser has not started.');
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...settings });
    onTestFinished(() => page.close());
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !url.startsWith('data:')) complaints.push(`left: ${url}`);
    });
    await page.goto(`${origin}/console`);
    await page.getByText(/machines, \d+ differ/).waitFor();
    return { page, complaints };
  };
}

export async function go(page: Page, view: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name: view }).click();
}

export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`.slice(0, 300));
}
