import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sharedPath } from '../test/shared.ts';
import { ExpositionParser } from './exposition.ts';
import { ExpositionError } from './exposition-error.ts';
import { RawSeriesTable } from './raw-series-table.ts';

interface Entry {
  e: string;
  m?: string;
  s?: string;
  labels?: Record<string, string>;
  v?: number;
  t?: number;
}

interface Parsed {
  entries: Entry[];
  error: string;
}

const golden = sharedPath('conformance', 'textparse', 'golden.jsonl');
const pages = sharedPath('captures', 'metrics');

describe('ExpositionParser', () => {
  test('reads names, labels, values, timestamps and metadata', () => {
    const page = `# HELP http_requests_total Requests by path \\\\ and \\n method.
# TYPE http_requests_total counter
http_requests_total{path="/a\\"b\\\\c\\nd",method="get",} 3 1712345678901
up 1
{"utf8.name","label.name"="x"} NaN
`;
    expect(parse(page).entries).toEqual([
      { e: 'help', m: 'http_requests_total', s: 'Requests by path \\ and \n method.' },
      { e: 'type', m: 'http_requests_total', s: 'counter' },
      {
        e: 'series',
        labels: { __name__: 'http_requests_total', path: '/a"b\\c\nd', method: 'get' },
        v: 3,
        t: 1712345678901,
      },
      { e: 'series', labels: { __name__: 'up' }, v: 1 },
      { e: 'series', labels: { __name__: 'utf8.name', 'label.name': 'x' }, v: Number.NaN },
    ]);
  });

  test('gives le and quantile the form Prometheus 3 stores, in histograms and summaries only', () => {
    const labels = (page: string) =>
      parse(page)
        .entries.map((entry) => entry.labels)
        .filter((found) => found !== undefined);
    expect(
      labels(
        '# TYPE h histogram\nh{le="1"} 1\nh{le="0.5"} 1\nh{le="1e6"} 1\nh{le="16777216"} 1\nh{le="+inf"} 1\nh{le="-0"} 1\nh{le="x"} 1\n',
      ),
    ).toMatchObject([
      { le: '1.0' },
      { le: '0.5' },
      { le: '1e+06' },
      { le: '1.6777216e+07' },
      { le: '+Inf' },
      { le: '0.0' },
      { le: 'x' },
    ]);
    expect(labels('# TYPE s summary\ns{quantile="0"} 1\ns{le="1"} 1\n')).toMatchObject([
      { quantile: '0.0' },
      { le: '1' },
    ]);
    expect(labels('# TYPE g gauge\ng{le="1",quantile="1"} 1\n')).toMatchObject([{ le: '1', quantile: '1' }]);
  });

  test('keeps a NUL in a label value, as kube-controller-manager writes it', () => {
    expect(parse('evictions_total{zone="eu-west-1:\0:eu-west-1a"} 0\n').entries).toEqual([
      { e: 'series', labels: { __name__: 'evictions_total', zone: 'eu-west-1:\0:eu-west-1a' }, v: 0 },
    ]);
  });

  test('names the line of an error', () => {
    const parser = new ExpositionParser(Buffer.from('# TYPE a gauge\n\na 1\na{b="c"} x\na 2\n'));
    const read = () => {
      while (parser.next() !== 'end');
    };
    expect(read).toThrow(
      new ExpositionError(
        4,
        'strconv.ParseFloat: parsing "x": invalid syntax while parsing: "a{b=\\"c\\"} x"',
      ),
    );
  });

  test('reads numbers as Go does', () => {
    const cases: [string, number | string][] = [
      ['1.', 1],
      ['.5', 0.5],
      ['-0', -0],
      ['+Inf', Number.POSITIVE_INFINITY],
      ['-infinity', Number.NEGATIVE_INFINITY],
      ['nan', Number.NaN],
      ['+nan', 'strconv.ParseFloat: parsing "+nan": invalid syntax'],
      ['1e22', 1e22],
      ['1.7976931348623157e308', Number.MAX_VALUE],
      ['1e309', 'strconv.ParseFloat: parsing "1e309": value out of range'],
      ['123456789012345678', 123456789012345680],
      ['0x10', 'strconv.ParseFloat: parsing "0x10": invalid syntax'],
      ['1e', 'strconv.ParseFloat: parsing "1e": invalid syntax'],
      ['1_000', 'unsupported character in float'],
      ['.', 'strconv.ParseFloat: parsing ".": invalid syntax'],
    ];
    for (const [text, expected] of cases) expect(numberIn(text), text).toBe(expected);
  });

  test('reads any double exactly', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        for (const text of [String(number), number.toExponential(), number.toPrecision(17)])
          expect(numberIn(text)).toBe(Number(text));
      }),
    );
  });

  test('never takes other bytes for a known series', () => {
    const name = fc.constantFrom('a', 'a_b', 'b:c');
    const text = fc.constantFrom('', 'x', '}', '\\"', '\\\\', ' ', ',');
    const series = fc
      .tuple(name, fc.dictionary(name, text, { maxKeys: 3 }))
      .map(([metric, labels]) => `${metric}{${Object.entries(labels).map(([k, v]) => `${k}="${v}"`)}}`);
    fc.assert(
      fc.property(
        fc.array(series, { maxLength: 20 }),
        fc.array(series, { maxLength: 20 }),
        (first, second) => {
          const known = new RawSeriesTable();
          const seen: string[] = [];
          for (const lines of [first, second]) {
            const page = lines.map((line, i) => `${line} ${i}\n`).join('');
            expect(parse(page, known, seen)).toEqual(parse(page));
          }
        },
      ),
    );
  });

  test.skipIf(!golden)('answers every golden as Prometheus does, in its words', () => {
    const lines = readFileSync(golden!, 'utf8').trim().split('\n');
    expect(lines.length).toBe(319);
    for (const line of lines) {
      const { input, input_b64, name, prom } = JSON.parse(line);
      const page = input_b64 === undefined ? Buffer.from(input) : Buffer.from(input_b64, 'base64');
      const entries = (prom.entries ?? [])
        .filter((entry: Entry) => entry.e !== 'comment')
        .map((entry: { v?: string }) => (entry.v === undefined ? entry : { ...entry, v: goNumber(entry.v) }));
      expect(parse(page), name).toEqual({ entries, error: prom.error });
    }
  });

  describe.skipIf(!pages)('recorded pages', () => {
    test('give the series that a naive reader finds, new ones and those that another page had', () => {
      const known = new RawSeriesTable();
      const seen: string[] = [];
      let count = 0;
      for (const page of recordedPages(pages!)) {
        const naive = readNaively(page);
        expect(samplesOf(page, known, seen).join('\n')).toBe(naive.join('\n'));
        count += naive.length;
      }
      expect(count).toBeGreaterThan(500_000);
    }, 120_000);
  });
});

/** What the goldens hold of a page: entries up to an error, and the error. */
function parse(page: string | Buffer, known?: RawSeriesTable, seen: string[] = []): Parsed {
  const entries: Entry[] = [];
  const bytes = withLineFeed(page);
  const parser = new ExpositionParser(bytes, known);
  try {
    for (let entry = parser.next(); entry !== 'end'; entry = parser.next()) {
      if (entry === 'sample') {
        const labels = labelsOf(parser, bytes, known, seen);
        const series: Entry = { e: 'series', labels, v: parser.value };
        if (parser.hasTimestamp) series.t = parser.timestampMs;
        entries.push(series);
      } else if (entry === 'help') {
        const help: Entry = { e: 'help', m: parser.family() };
        if (parser.help() !== '') help.s = parser.help();
        entries.push(help);
      } else {
        entries.push({ e: 'type', m: parser.family(), s: parser.type });
      }
    }
  } catch (error) {
    if (!(error instanceof ExpositionError)) throw error;
    return { entries, error: error.reason };
  }
  return { entries, error: '' };
}

/** The value of a sample written so, or the words of its refusal. */
function numberIn(text: string): number | string {
  const { entries, error } = parse(`a ${text}\n`);
  return error === '' ? entries[0]!.v! : error.split(' while')[0]!;
}

/** Labels of the sample at hand; a known series' labels are those noted when it was first seen. */
function labelsOf(
  parser: ExpositionParser,
  page: Buffer,
  known: RawSeriesTable | undefined,
  seen: string[],
): Record<string, string> {
  if (parser.seriesNumber >= 0) return JSON.parse(seen[parser.seriesNumber]!);
  const labels = Object.fromEntries(parser.labels());
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  known?.add(view, parser.entryStart, parser.entryEnd, seen.push(JSON.stringify(labels)) - 1);
  return labels;
}

function withLineFeed(page: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from(page as string), Buffer.from('\n')]);
}

/** A number as Go prints it. */
function goNumber(text: string): number {
  return Number(text.replace(/^\+?(-?)Inf$/, '$1Infinity'));
}

function* recordedPages(folder: string): Generator<Buffer> {
  for (const component of readdirSync(folder, { withFileTypes: true })) {
    if (!component.isDirectory()) continue;
    for (const file of readdirSync(join(folder, component.name))) {
      if (!/\.prom(\.gz)?$/.test(file)) continue;
      const bytes = readFileSync(join(folder, component.name, file));
      yield file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    }
  }
}

/** `name value`, a line each; `seen` holds the names of known series by their numbers. */
function samplesOf(page: Buffer, known: RawSeriesTable, seen: string[]): string[] {
  const samples: string[] = [];
  const bytes = withLineFeed(page);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const parser = new ExpositionParser(bytes, known);
  for (let entry = parser.next(); entry !== 'end'; entry = parser.next()) {
    if (entry !== 'sample') continue;
    let name = seen[parser.seriesNumber];
    if (name === undefined) {
      name = parser.labels()[0]![1];
      known.add(view, parser.entryStart, parser.entryEnd, seen.push(name) - 1);
    }
    samples.push(`${name} ${parser.value}`);
  }
  return samples;
}

/** Another reader of pages that hold no surprises: lines, the name up to a brace or blank, the last word. */
function readNaively(page: Buffer): string[] {
  const samples: string[] = [];
  for (const line of page.toString('latin1').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const name = line.slice(0, line.search(/[{ ]/));
    const value = line.slice(line.lastIndexOf(' ') + 1);
    samples.push(`${name} ${goNumber(value)}`);
  }
  return samples;
}
