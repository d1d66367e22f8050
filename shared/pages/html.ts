import { createHash } from 'node:crypto';

/** Escapes text for HTML. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Colours have a contrast of at least 4.5 : 1 on their ground, in light and in dark (WCAG 2.2, 1.4.3). */
const STYLE = `:root{color-scheme:light dark;--ground:#fff;--raised:#f5f6f8;--text:#1b1f24;--quiet:#4b5563;--line:#d5d9df;--link:#0b57d0}
@media(prefers-color-scheme:dark){:root{--ground:#14171b;--raised:#1d2126;--text:#e8eaed;--quiet:#aab2bd;--line:#383e46;--link:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:48rem;padding:1.5rem 1rem 4rem;background:var(--ground);color:var(--text);font:1rem/1.6 system-ui,sans-serif;overflow-wrap:anywhere}
a{color:var(--link)}:focus-visible{outline:3px solid var(--link);outline-offset:2px}
h1{font-size:1.6rem;line-height:1.25;margin:1.5rem 0 .25rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:1rem 0 .25rem;color:var(--quiet)}
nav{font-size:.9rem;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}p{margin:.25rem 0 .75rem}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,monospace;font-size:.875em}
pre{overflow-x:auto;margin:.25rem 0 .75rem;background:var(--raised);border:1px solid var(--line);border-radius:.4rem;padding:.75rem;line-height:1.45;overflow-wrap:normal}
dl{margin:0}dt{font-weight:600;margin-top:1rem}dd{margin:0}ul{margin:.25rem 0;padding-left:1.25rem}li{margin:.15rem 0}.quiet{color:var(--quiet)}`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Content-Security-Policy that allows only the page's own style and an empty icon. */
export const PLAIN_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** An empty icon, without which browsers would request /favicon.ico from the API. */
export const NO_ICON = '<link rel="icon" href="data:,">';

/** Returns a page of text. `body` is HTML. */
export function plainPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
${NO_ICON}
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
}
