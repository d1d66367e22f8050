import { createHash } from 'node:crypto';
import { NO_ICON } from './html.ts';
import type { Documents } from './reason-pages.ts';

/**
 * Replaces colours of the API reference (Scalar) whose contrast is too low: at least 4.5 : 1 on its backgrounds (WCAG
 * 2.2, 1.4.3).
 */
const COLOURS = `.light-mode{--scalar-color-3:#666;--scalar-color-green:#00703c;--scalar-color-red:#c40000;--scalar-color-yellow:#7a5200;--scalar-color-orange:#9a4a00;--scalar-color-blue:#0058b3}
.dark-mode{--scalar-color-3:#a0a0a0;--scalar-color-red:#ff7b72}`;

/** Disables the features of the API reference that send requests to other hosts or store credentials. */
const SETTINGS = {
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
  persistAuth: false,
  documentDownloadType: 'direct',
  modelsSectionLabel: 'Schemas',
  customCss: COLOURS,
};

export interface ReferencePage {
  readonly html: string;
  /** Scripts from this origin and the one that starts the reference; requests to this origin only. The reference sets styles on elements. */
  readonly policy: string;
}

/** Returns the page of the API reference. `script`: path of its program. */
export function referencePage(script: string, documents: Documents): ReferencePage {
  const sources = Object.entries(documents).map(([name, { info }], index) => ({
    title: info.title,
    slug: name,
    url: `/docs/openapi/${name}.json`,
    default: index === 0,
  }));
  // Between script tags a `<` could end the script.
  const settings = JSON.stringify({ ...SETTINGS, sources }).replaceAll('<', '\\u003c');
  const start = `Scalar.createApiReference('#reference',${settings});`;
  const hash = createHash('sha256').update(start).digest('base64');
  return {
    policy: `default-src 'none'; script-src 'self' 'sha256-${hash}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Compute API reference</title>
${NO_ICON}
</head>
<body>
<div id="reference"></div>
<noscript><p>The reference needs JavaScript. The same as text: <a href="/llms.txt">/llms.txt</a>, <a href="/docs/errors">/docs/errors</a>,
and the document itself at <a href="/docs/openapi.json">/docs/openapi.json</a>.</p></noscript>
<script src="${script}"></script>
<script>${start}</script>
</body>
</html>
`,
  };
}
