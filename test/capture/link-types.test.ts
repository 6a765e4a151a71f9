import { expect, it } from 'vitest';
import { linkTypeName } from '../../src/capture/link-types.js';

it.each([
  [0, 'NULL'],
  [1, 'Ethernet'],
  [12, 'RAW'],
  [101, 'RAW'],
  [113, 'LINUX_SLL'],
  [228, 'IPV4'],
  [276, 'LINUX_SLL2'],
  [65_535, 'linktype 65535'],
  [2, 'linktype 2'],
])('link type %i is %s', (linkType, name) => {
  expect(linkTypeName(linkType)).toBe(name);
});
