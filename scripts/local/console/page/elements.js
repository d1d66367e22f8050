/** Builders of elements. Text is always set as text, so nothing in a record can become markup. */

/**
 * Creates an element. `attributes`: `class`, `type`, `title`, …; a function becomes the listener of the event of that
 * name (`click`).
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, '');
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== undefined && child !== null).map(asNode));
  return made;
}

function asNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

export function button(text, onClick, attributes = {}) {
  return element('button', { type: 'button', click: onClick, ...attributes }, text);
}

/** Creates a table with a heading per column; cells are text or elements. On a narrow screen the table scrolls. */
export function table(caption, headings, rows) {
  const head = element('tr', {}, ...headings.map((heading) => element('th', { scope: 'col' }, heading)));
  const lines = rows.map((cells) => element('tr', {}, ...cells.map((cell) => element('td', {}, cell ?? ''))));
  return element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Table of ${caption}` },
    element(
      'table',
      { class: headings.length > 5 ? 'wide' : undefined },
      element('thead', {}, head),
      element('tbody', {}, ...lines),
    ),
  );
}

export function definitions(pairs) {
  return element(
    'dl',
    {},
    ...pairs.flatMap(([name, value]) => [
      element('dt', {}, name),
      element('dd', {}, value === undefined || value === null || value === '' ? '–' : value),
    ]),
  );
}

/** Creates the word of a status, coloured by its meaning. */
export function statusWord(status) {
  if (status === null || status === undefined) return element('span', { class: 'bad' }, 'none');
  const word = String(status);
  const good = ['RUNNING', 'completed', 'applied'];
  const bad = ['ERROR', 'failed', 'refused'];
  return element('span', { class: good.includes(word) ? 'good' : bad.includes(word) ? 'bad' : 'wait' }, word);
}

/** Formats epoch ms or RFC 3339 as a time of day, with the date if the day differs from that of `now`. */
export function time(value, now) {
  if (value === null || value === undefined || value === 0) return '–';
  const at = new Date(value).toISOString();
  const text = at.slice(0, 10) === now.slice(0, 10) ? at.slice(11, 19) : at.slice(0, 19).replace('T', ' ');
  return element('time', { datetime: at, title: at }, text);
}

/** `3 s`, `12 min`, `5 h`, `9 d`. */
export function duration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** Replaces what an element holds, unless it is the same already: focus and selection stay where they are. */
export function show(container, ...children) {
  const next = element('div', {}, ...children);
  if (container.innerHTML === next.innerHTML) return;
  const focused = container.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  container.replaceChildren(...next.childNodes);
  if (focused !== undefined) container.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}
