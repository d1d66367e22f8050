import { expect, test } from 'vitest';
import { USER_DATA_BYTES_MAX, userDataMetadata } from '#shared/domain/user-data.ts';

const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64');

test('text becomes the text that cloud-init reads', () => {
  expect(userDataMetadata('IyEvYmluL2Jhc2gKYXB0IHVwZGF0ZQ==')).toEqual({
    valid: true,
    metadata: { 'user-data': '#!/bin/bash\napt update' },
  });
  expect(userDataMetadata(base64('#cloud-config\n# Größe'))).toEqual({
    valid: true,
    metadata: { 'user-data': '#cloud-config\n# Größe' },
  });
});

test('base64 in lines is the same base64', () => {
  expect(userDataMetadata('IyEvYmluL2Jh\nc2gKYXB0IHVw\r\nZGF0ZQ==\n')).toEqual(
    userDataMetadata('IyEvYmluL2Jhc2gKYXB0IHVwZGF0ZQ=='),
  );
});

test('what is not text stays base64, and says so', () => {
  const compressed = base64(Uint8Array.from([0x1f, 0x8b, 0x08, 0xff]));

  expect(userDataMetadata(compressed)).toEqual({
    valid: true,
    metadata: { 'user-data': compressed, 'user-data-encoding': 'base64' },
  });
});

test('nothing becomes no metadata', () => {
  expect(userDataMetadata('')).toEqual({ valid: true, metadata: {} });
});

test.each(['%%%', 'abc', 'abcde', 'ab=c', 'a===', 'ab c', 'YWJj-_=='])('%j is not base64', (text) => {
  expect(userDataMetadata(text)).toEqual({ valid: false, message: 'is not base64' });
});

test('32 KiB are possible, and not one byte more', () => {
  expect(userDataMetadata(base64('x'.repeat(USER_DATA_BYTES_MAX))).valid).toBe(true);
  expect(userDataMetadata(base64('x'.repeat(USER_DATA_BYTES_MAX + 1)))).toEqual({
    valid: false,
    message: 'has 32769 bytes; at most 32768 are possible',
  });
});
