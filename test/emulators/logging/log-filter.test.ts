import { describe, expect, it } from 'vitest';
import { parseLogFilter } from '#scripts/emulators/logging/log-filter.ts';

const ENTRY = {
  logName: 'projects/p/logs/cloudaudit.googleapis.com%2Fsystem_event',
  resource: { type: 'gce_instance', labels: { zone: 'a' } },
  jsonPayload: { message: 'Sweep ended', count: 3, list: [{ name: 'one' }, { name: 'two' }], empty: {} },
};

describe('a log filter', () => {
  it.each([
    ['resource.type="gce_instance"', true],
    ['resource.type = gce_instance', true],
    ['resource.type!="gce_instance"', false],
    ['jsonPayload.message="sweep ENDED"', true],
    ['jsonPayload.message:"ended"', true],
    ['jsonPayload.message=~"^Sweep"', true],
    ['jsonPayload.message=~"^sweep"', false],
    ['jsonPayload.message!~"^Sweep"', false],
    ['jsonPayload.count>2', true],
    ['jsonPayload.count>=4', false],
    ['jsonPayload.message:*', true],
    ['jsonPayload.missing:*', false],
    ['jsonPayload.missing="x"', false],
    ['NOT jsonPayload.missing="x"', true],
    ['jsonPayload.list.name="two"', true],
    ['resource.labels.zone=("b" OR "a")', true],
    ['log_id("cloudaudit.googleapis.com/system_event")', true],
    ['log_id("cloudaudit.googleapis.com/activity")', false],
    ['resource.type="x" OR resource.type="gce_instance"', true],
    ['resource.type="gce_instance"\njsonPayload.count=4', false],
    ['', true],
  ])('%s answers %s', (text, expected) => {
    expect(parseLogFilter(text)(ENTRY)).toBe(expected);
  });

  it('binds OR more tightly than AND, as the service does', () => {
    const filter = parseLogFilter('resource.type="x" AND jsonPayload.count=3 OR jsonPayload.count=4');

    expect(filter(ENTRY)).toBe(false);
  });

  it.each(['resource.type=', '(resource.type="a"', 'resource.type="a")', '="a"', 'resource.type "a"'])(
    '%s is refused: a filter that is read wrongly would match other entries',
    (text) => {
      expect(() => parseLogFilter(text)).toThrow(SyntaxError);
    },
  );
});
