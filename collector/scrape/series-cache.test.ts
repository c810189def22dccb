import { expect, test } from 'vitest';
import { Labels } from '../../model/labels.ts';
import { SeriesCache } from './series-cache.ts';

test('SeriesCache forgets texts and series that pages no longer have, but not the reports', () => {
  const up = Labels.fromObject({ __name__: 'up' });
  const cache = new SeriesCache([up]);
  const remember = (name: string) => {
    const series = cache.byLabels(Labels.fromObject({ __name__: name }));
    const page = Buffer.from(name);
    cache.addText(new DataView(page.buffer, page.byteOffset, page.length), 0, page.length, series);
    return series;
  };
  const first = remember('first');
  first.seenIn = 7;
  for (let i = 0; i < 1_000; i++) remember(`series_${i}`);
  const forget = () => cache.prune({ scraped: 1, kept: 1 }, (series) => series.seenIn === 7);
  forget();
  expect(cache.texts.size, 'within what may change').toBe(1_001);

  for (let i = 1_000; i < 2_000; i++) remember(`series_${i}`);
  forget();
  expect(cache.texts.size).toBe(0);
  expect(cache.byLabels(Labels.fromObject({ __name__: 'first' }))).toBe(first);
  expect(cache.byLabels(up).isReport).toBe(true);
  expect(cache.byLabels(Labels.fromObject({ __name__: 'series_0' })).seenIn).toBe(-1);
});
