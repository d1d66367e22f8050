import { describe, expect, test } from 'vitest';
import { publicDocuments } from '#scripts/generate/public-documents.ts';
import { statusOf } from '#scripts/generate/family-document.ts';
import { CONTRACTS } from '#shared/contracts/index.ts';
import type { FailureReason } from '#shared/domain/reasons.ts';
import { REASONS } from '#shared/domain/reasons.ts';
import type { ApiDocument } from '#shared/pages/document.ts';
import { reasonData, reasonIndexPage, reasonPage, usesOf, type Documents } from '#shared/pages/reason-pages.ts';

const [, ...parts] = publicDocuments(CONTRACTS, '1.0.0').values();
// The cast is safe: the function reads exactly what the generator writes.
const documents = Object.fromEntries(parts.map((part, index) => [String(index), part])) as unknown as Documents;
const uses = usesOf(documents);
const reasons = Object.keys(REASONS) as (keyof typeof REASONS)[];

describe.each(reasons)('the page of %s', (reason) => {
  const html = reasonPage(reason, uses);
  const senders = CONTRACTS.filter(({ failures }) => (failures as readonly string[]).includes(reason));

  test('says what it means and what to do, and names exactly the endpoints that document it', () => {
    expect(html).toContain(`<code>${reason}</code>`);
    expect(plain(html)).toContain(REASONS[reason].meaning);
    expect(plain(html)).toContain(REASONS[reason].remedy);
    const listed = [...html.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, place]) => place);
    expect(listed.sort()).toEqual(senders.map(({ method, path }) => `${method} ${path}`).sort());
  });

  test('says the same to programs, with the status of each family', () => {
    const { sentBy } = reasonData(reason, uses);

    expect(sentBy.map(({ request, status }) => `${request} ${status}`).sort()).toEqual(
      senders
        .map(({ method, path, family }) => `${method} ${path} ${statusOf(family, reason as FailureReason)}`)
        .sort(),
    );
  });

  test('is linked from the list of all', () => {
    expect(reasonIndexPage()).toContain(`<a href="/docs/errors/${reason}">`);
  });
});

test('every body that a real failure produced is shown, once for each family, and cannot break the page', () => {
  const body = { detail: '</code><script>alert(1)</script> & "quotes"' };
  const example = { 'fleet.contention': { value: body }, 'fleet.not_in_tier': { value: 'another' } };
  const [first] = Object.values(documents);
  const fleet: ApiDocument = {
    info: { title: 'Fleet' },
    paths: {},
    components: { responses: first?.components.responses ?? {}, examples: example },
  };
  const withExamples = usesOf({ fleet, again: fleet });

  const html = reasonPage('contention', withExamples);

  expect(html.match(/<pre/g)).toHaveLength(1);
  expect(html).not.toContain('<script>');
  expect(plain(html)).toContain(JSON.stringify(body, null, 2));
  expect(reasonData('contention', withExamples).examples).toEqual({ fleet: body });
});

/** Returns the text of an HTML page. */
function plain(html: string): string {
  return html.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}
