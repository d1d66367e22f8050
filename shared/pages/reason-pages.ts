import { FAILURE_STATUS } from '#shared/contracts/failure-status.ts';
import type { ReasonEntry, Repeat } from '#shared/domain/reasons/reason-entry.ts';
import { type Reason, REASONS } from '#shared/domain/reasons.ts';
import { type ApiDocument, type Sender, sendersByReason } from './document.ts';
import { escaped, plainPage } from './html.ts';

const REPEAT_TEXT: Readonly<Record<Repeat, string>> = {
  no: 'No. The same request gets the same answer.',
  after_change: 'Only after the remedy above.',
  later: 'Yes, after a moment, or after the seconds of Retry-After where the answer has it.',
};

const ALL = Object.entries(REASONS) as readonly (readonly [Reason, ReasonEntry])[];

/** Documents by their names: `compute`, `resource`, … */
export type Documents = Readonly<Record<string, ApiDocument>>;

/** Where the OpenAPI documents use reasons. */
export interface ReasonUses {
  /** For each document: the operations that can fail with a reason. */
  readonly senders: readonly { readonly title: string; readonly byReason: ReadonlyMap<string, readonly Sender[]> }[];
  /** Keyed by reason, then by family: an error body that a real failure produced. */
  readonly examples: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
}

/** Extracts the uses of reasons from all documents; to be called once. */
export function usesOf(documents: Documents): ReasonUses {
  const examples = new Map<string, Map<string, unknown>>();
  for (const { components } of Object.values(documents))
    for (const [name, example] of Object.entries(components.examples)) {
      const [family = '', reason = ''] = name.split('.');
      const known = examples.get(reason) ?? new Map<string, unknown>();
      if (example !== undefined) examples.set(reason, known.set(family, example.value));
    }
  const senders = Object.values(documents).map((document) => ({
    title: document.info.title,
    byReason: sendersByReason(document),
  }));
  return { senders, examples };
}

export function isReason(word: string): word is Reason {
  return Object.hasOwn(REASONS, word);
}

/**
 * Returns a reason's data for programs. `status` is that of the compute family; `null`: no request fails with this
 * reason.
 */
export function reasonData(reason: Reason, { senders, examples }: ReasonUses) {
  const entry: ReasonEntry = REASONS[reason];
  const sent = senders.flatMap(({ byReason }) => byReason.get(reason) ?? []);
  return {
    reason,
    ...entry,
    status: entry.kind === null ? null : FAILURE_STATUS[entry.kind],
    examples: Object.fromEntries(examples.get(reason) ?? []),
    sentBy: sent.map(({ place, status }) => ({ request: place, status: Number(status) })),
  };
}

/** Returns all reasons for programs. */
export function allReasonData() {
  return { reasons: ALL.map(([reason, entry]) => ({ reason, page: `/docs/errors/${reason}`, ...entry })) };
}

const NAVIGATION = `<nav aria-label="Documentation"><a href="/docs">API reference</a><a href="/docs/errors">All reasons</a><a href="/llms.txt">Summary as text</a></nav>`;

export function reasonPage(reason: Reason, uses: ReasonUses): string {
  const { kind, title, meaning, remedy, repeat }: ReasonEntry = REASONS[reason];
  const status = kind === null ? '' : `, usually with status ${FAILURE_STATUS[kind]}`;
  return plainPage(
    `${title} (${reason})`,
    `${NAVIGATION}
<main>
<h1>${escaped(title)}</h1>
<p class="quiet"><code>${reason}</code>${status}</p>
<dl>
<dt>What it means</dt><dd>${escaped(meaning)}</dd>
<dt>What to do</dt><dd>${escaped(remedy)}</dd>
<dt>Does a repeat help?</dt><dd>${escaped(REPEAT_TEXT[repeat])}</dd>
</dl>
${examplesPart([...(uses.examples.get(reason) ?? [])])}
<h2>What answers with it</h2>
${sendersPart(reason, uses)}
</main>`,
  );
}

/** Renders at most three examples, because administrators' endpoints have the same errors as the compute family. */
function examplesPart(examples: readonly (readonly [family: string, body: unknown])[]): string {
  if (examples.length === 0) return '';
  const shown = examples.map(
    ([family, body]) => `<h3>${escaped(family)} family</h3>
<pre tabindex="0" aria-label="Body of the ${escaped(family)} family"><code>${escaped(JSON.stringify(body, null, 2))}</code></pre>`,
  );
  return `<h2>How it looks</h2>\n${shown.join('\n')}`;
}

function sendersPart(reason: Reason, { senders }: ReasonUses): string {
  const parts = senders.flatMap(({ title, byReason }) => {
    const items = (byReason.get(reason) ?? []).map(
      ({ place, summary, status }) => `<li><code>${escaped(place)}</code>, ${status}: ${escaped(summary)}</li>`,
    );
    return items.length === 0 ? [] : [`<h3>${escaped(title)}</h3>\n<ul>${items.join('\n')}</ul>`];
  });
  if (parts.length > 0) return parts.join('\n');
  return '<p>No endpoint answers with it: operations, histories, statuses or the operators\u2019 command lines show it.</p>';
}

export function reasonIndexPage(): string {
  const items = ALL.map(
    ([reason, { title }]) => `<li><a href="/docs/errors/${reason}"><code>${reason}</code></a>: ${escaped(title)}</li>`,
  );
  return plainPage(
    'Reasons',
    `${NAVIGATION}
<main>
<h1>Reasons</h1>
<p>Every error names its reason in the header <code>x-error-reason</code>. These are all there are. A program gets them as data
with <code>Accept: application/json</code>.</p>
<ul>${items.join('\n')}</ul>
</main>`,
  );
}
