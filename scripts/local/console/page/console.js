import { show } from './elements.js';
import * as views from './views.js';

/** The page's program: shows the chosen view, requests its data, and refreshes it. */

const VIEWS = ['machines', 'operations', 'requests', 'faults', 'credentials', 'snapshots'];
/** After a log line the view is refreshed at most this often. */
const SOONEST_MS = 1000;
/** Time between refreshes without log lines, to show changes that write none, such as a VM that boots. */
const LATEST_MS = 3000;
const LINES_KEPT = 500;
/** Views of a page that changes nothing, and how often it asks: a project's reads are paid for. */
const READ_ONLY_VIEWS = ['machines', 'operations'];
const READ_ONLY_MS = 30_000;

const at = (id) => document.getElementById(id);
const state = { overview: undefined, page: 0, machine: undefined, lines: [], faultButtons: false };

async function ask(method, path, body) {
  const response = await fetch(path, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? `${method} ${path}: ${response.status}`);
  return answer;
}

function say(text, failed = false) {
  at('said').textContent = text;
  at('said').classList.toggle('failed', failed);
}

/** Sends a button's request and shows the outcome: the status and body of the API's reply if the API was called. */
async function act(what, method, path, body) {
  try {
    const answer = await ask(method, path, body);
    if (path === '/console/request') sayAnswer(what, answer);
    else say(`${what}.`);
  } catch (thrown) {
    say(`${what}: ${thrown.message}`, true);
  }
  await refresh();
}

function sayAnswer(what, { status, body }) {
  const detail = typeof body === 'object' && body !== null ? (body.detail ?? body.message ?? body.id ?? '') : body;
  say(
    `${what}: ${status}${detail === '' ? '' : ` – ${typeof detail === 'string' ? detail : JSON.stringify(detail)}`}`,
    status >= 400,
  );
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied.');
  } catch {
    say('The browser does not let a page copy here; select the text instead.', true);
  }
}

function addFault(service, method, kind) {
  const count = Number(at('fault-count').value);
  const code = kind === 'operationError' ? { code: at('fault-code').value } : {};
  void act(`The next ${count} calls of ${method} meet: ${kind}`, 'POST', '/faults', [
    { service, method, kind, count, ...code },
  ]);
}

async function openMachine(id) {
  state.machine = id;
  if (current() !== 'machines') location.hash = 'machines';
  await refresh();
  document.getElementById('details-title')?.focus();
}

function isReadOnly() {
  return state.overview?.readOnly === true;
}

function shownViews() {
  return isReadOnly() ? READ_ONLY_VIEWS : VIEWS;
}

function current() {
  const wanted = location.hash.slice(1);
  return shownViews().includes(wanted) ? wanted : 'machines';
}

const refreshView = {
  async machines() {
    const query = new URLSearchParams({ search: at('search').value, page: String(state.page) });
    const answer = await ask('GET', `/console/machines?${query}`);
    state.page = answer.page;
    at('found').textContent = `${answer.total} found, page ${answer.page + 1} of ${answer.pages}`;
    at('previous').disabled = answer.page === 0;
    at('next').disabled = answer.page + 1 >= answer.pages;
    show(at('machine-table'), views.machineTable(answer, { open: (id) => void openMachine(id) }));
    await showDetails();
  },
  async operations() {
    const answer = await ask('GET', '/console/operations');
    const now = state.overview.now;
    show(at('operation-table'), views.operationTable(answer.operations, { now, open: (id) => void openMachine(id) }));
    show(at('dead-letters'), views.deadLetters(answer.deadLetters, { now, act: isReadOnly() ? undefined : act }));
  },
  async requests() {
    if (at('request-table').querySelector('details[open]') !== null) return;
    show(at('request-table'), views.requestTable(state.lines, { now: state.overview.now }));
  },
  async faults() {
    show(at('faults-in-force'), views.faultsInForce(state.overview.faults, { act }));
    if (!state.faultButtons) {
      state.faultButtons = true;
      show(at('fault-buttons'), views.faultButtons(state.overview.faultMethods, { add: addFault }));
    }
  },
  async credentials() {
    show(at('principals'), views.principalCards(state.overview.principals, state.overview.baseUrl, { act, copy }));
  },
  async snapshots() {
    show(at('snapshot-list'), views.snapshotList(state.overview.snapshots, { now: state.overview.now, act }));
  },
};

async function showDetails() {
  if (state.machine === undefined) return;
  try {
    const machine = await ask('GET', `/console/machine?id=${encodeURIComponent(state.machine)}`);
    const { now, driftActions } = state.overview;
    show(
      at('machine-details'),
      views.machineDetails(machine, { now, act: isReadOnly() ? undefined : act, driftActions }),
    );
  } catch (thrown) {
    state.machine = undefined;
    at('machine-details').replaceChildren();
    say(thrown.message);
  }
}

async function refresh() {
  try {
    const overview = await ask('GET', '/console/overview');
    state.overview = overview;
    showFacts(overview);
    applyView();
    at('clock').textContent = overview.now.slice(0, 19).replace('T', ' ');
    await refreshView[current()]();
  } catch (thrown) {
    say(`The local cloud does not answer: ${thrown.message}`, true);
  }
}

function showFacts({ title, machines, differing, openOperations, deadLetters, baseUrl, hasRecords, comparedAt }) {
  at('title').textContent = title;
  document.title = `${title} – compute-api`;
  at('facts').textContent = [
    ...(baseUrl === undefined ? [] : [baseUrl]),
    `${machines} machines, ${differing} differ${comparedAt === undefined ? '' : ` (as of ${comparedAt.slice(11, 19)})`}`,
    `${openOperations} open operations`,
    `${deadLetters} dead letters`,
    ...(hasRecords ? [] : ['records are in Google’s emulator and not shown']),
  ].join(' · ');
  for (const button of document.querySelectorAll('#clock-group button')) button.hidden = isReadOnly();
  for (const name of VIEWS) document.querySelector(`nav a[href="#${name}"]`).hidden = !shownViews().includes(name);
}

/** Shows the view that the address names, and marks its link. */
function applyView() {
  const shown = current();
  for (const name of VIEWS) {
    at(name).hidden = name !== shown;
    document.querySelector(`nav a[href="#${name}"]`).setAttribute('aria-current', name === shown ? 'page' : 'false');
  }
}

function showView() {
  applyView();
  void refresh();
}

let asked = false;
let lastMs = 0;

/** Refreshes the view soon; several calls cause one refresh. */
function soon() {
  if (asked) return;
  asked = true;
  const waitMs = Math.max(0, lastMs + SOONEST_MS - performance.now());
  setTimeout(() => {
    asked = false;
    lastMs = performance.now();
    void refresh();
  }, waitMs);
}

function listen() {
  const events = new EventSource('/console/events');
  events.addEventListener('log', ({ data }) => {
    state.lines = [...state.lines, ...JSON.parse(data)].slice(-LINES_KEPT);
    soon();
  });
}

at('search-form').addEventListener('submit', (event) => event.preventDefault());
at('search').addEventListener('input', () => {
  state.page = 0;
  soon();
});
at('previous').addEventListener('click', () => {
  state.page -= 1;
  void refresh();
});
at('next').addEventListener('click', () => {
  state.page += 1;
  void refresh();
});
at('fault-form').addEventListener('submit', (event) => event.preventDefault());
at('snapshot-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const name = at('snapshot-name').value;
  void act(`The snapshot ${name} is saved`, 'POST', '/console/snapshots', { name });
});
for (const advance of document.querySelectorAll('[data-advance]')) {
  const seconds = Number(advance.dataset.advance);
  advance.addEventListener(
    'click',
    () => void act(`The clock is ${seconds} seconds ahead`, 'POST', '/clock', { advanceSeconds: seconds }),
  );
}
addEventListener('hashchange', showView);
state.lines = await ask('GET', '/console/log').catch(() => []);
// What may be shown at all is known after the first answer.
await refresh();
if (!isReadOnly()) listen();
setInterval(
  () => {
    if (!document.hidden) soon();
  },
  isReadOnly() ? READ_ONLY_MS : LATEST_MS,
);
