import { expect, test } from 'vitest';
import { METADATA_ENTRIES_MAX, MetadataStore } from './metadata.ts';
import type { MetadataEntry } from './record.ts';

const entry = (family: string, help: string, cluster = 'a'): MetadataEntry => ({
  cluster,
  family,
  metadata: { type: 'gauge', help, unit: '' },
});

test('MetadataStore has an entry logged once in each segment, and again when it changes', () => {
  const store = new MetadataStore();
  expect(store.set(entry('up', 'Is it up?'), 1)).toBe('log');
  expect(store.set(entry('up', 'Is it up?'), 1)).toBe('known');
  expect(store.set(entry('up', 'Is it up?'), 2)).toBe('log');
  expect(store.set(entry('up', 'Up or not.'), 2)).toBe('log');
  expect(store.set(entry('up', 'Up or not.', 'b'), 2)).toBe('log');
  expect(store.byFamily().get('up')).toEqual([{ type: 'gauge', help: 'Up or not.', unit: '' }]);
});

test('MetadataStore refuses new entries beyond its limit and still changes old ones', () => {
  const store = new MetadataStore();
  for (let i = 0; i < METADATA_ENTRIES_MAX; i++) store.set(entry(`family_${i}`, ''), 1);
  expect(store.set(entry('one_more', ''), 1)).toBe('full');
  expect(store.set(entry('family_0', 'new'), 1)).toBe('log');
});
