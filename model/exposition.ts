/**
 * Prometheus' text format 0.0.4, and 1.0.0 with its quoted UTF-8 names, read as Prometheus 3 itself reads
 * it: what its own parser lets pass passes, what it refuses is refused in the same words. (What it lets
 * pass: commas between labels may be missing, blanks may stand nearly anywhere, a NUL at the start of a
 * line or in a comment without a blank after `#` ends the page.)
 *
 * A target sends the same series again and again. So the parser finds where `name{labels}` ends, looks
 * these bytes up among the known ones, and goes on to the value; only series seen for the first time have
 * their labels checked and made into strings. Bytes that are equal to checked ones need no second check.
 */
import { isUtf8 } from 'node:buffer';
import { ExpositionError, quoteBytes } from './exposition-error.ts';
import { normalizeFloatLabel, parseFloatBytes } from './exposition-float.ts';
import {
  BRACE_CLOSE,
  BRACE_OPEN,
  CLASS,
  COLON,
  COMMA,
  EQUAL,
  endOfBraces,
  endOfDigits,
  endOfLabelName,
  endOfMetricName,
  endOfValue,
  HASH,
  isBlank,
  type LexerState,
  LINE_FEED,
  NAME_START,
  QUOTE,
  SPACE,
  scanQuoted,
  TAB,
  tokenAt,
} from './exposition-scan.ts';
import type { Label } from './labels.ts';
import { METRIC_NAME } from './labels.ts';
import type { MetricType } from './metadata.ts';
import type { RawSeriesTable } from './raw-series-table.ts';

export type ExpositionEntry = 'sample' | 'help' | 'type' | 'end';

const TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
  untyped: 'unknown',
};

/** The table's answer for bytes it does not know. */
const UNKNOWN = -1;

export class ExpositionParser {
  /** After 'sample': the table's number of the series, or -1 when its bytes are not known. */
  seriesNumber = UNKNOWN;
  /** After 'sample': the bytes of `name{labels}`. After 'help' and 'type': the bytes of the line. */
  entryStart = 0;
  entryEnd = 0;
  /** After 'sample'. A NaN has lost its payload; Prometheus keeps none either. */
  value = 0;
  hasTimestamp = false;
  timestampMs = 0;
  /** Of the last TYPE line, whatever its family: Prometheus normalises labels by it. */
  type: MetricType = 'unknown';

  readonly #page: Buffer;
  readonly #view: DataView;
  readonly #known: RawSeriesTable | undefined;
  #pageIsUtf8: boolean | undefined;
  #at = 0;
  /** Where the entry at hand begins, blanks included. */
  #start = 0;
  #nameStart = 0;
  #nameEnd = 0;
  #textStart = 0;
  #textEnd = 0;
  /** Start and end of name and value in turn, four numbers a label. Only of series that are not known. */
  readonly #labelOffsets: number[] = [];

  /** The page must end in a line feed: append one to whatever was received, as Prometheus does. */
  constructor(page: Buffer, known?: RawSeriesTable) {
    if (page[page.length - 1] !== LINE_FEED) throw new Error('BUG: the page does not end in a line feed');
    this.#page = page;
    this.#view = new DataView(page.buffer, page.byteOffset, page.length);
    this.#known = known;
  }

  /** Reads on to the next entry. Throws an ExpositionError, after which the page cannot be read further. */
  next(): ExpositionEntry {
    const page = this.#page;
    for (;;) {
      this.#start = this.#at;
      const at = this.#skipBlanks(this.#at);
      const c = page[at];
      if (c === LINE_FEED) {
        this.#at = at + 1;
        continue;
      }
      if (c === undefined || c === 0) return 'end';
      if (CLASS[c] === NAME_START || c === COLON || c === BRACE_OPEN) return this.#sample(at);
      if (c !== HASH) throw this.#unexpected('expected a valid start token', at, 'init');
      const entry = this.#comment(at);
      if (entry !== undefined) return entry;
    }
  }

  /**
   * Labels as written, in no order, empty ones and repeats included, with `le` and `quantile` normalised.
   * Only for a sample whose series is not known. Throws an ExpositionError for a name that is not UTF-8.
   */
  labels(): Label[] {
    const labels: Label[] = [[METRIC_NAME, this.#name(this.#nameStart, this.#nameEnd)]];
    const offsets = this.#labelOffsets;
    for (let i = 0; i < offsets.length; i += 4) {
      const name = this.#name(offsets[i]!, offsets[i + 1]!);
      const value = unescapeLabel(this.#page.toString('utf8', offsets[i + 2]!, offsets[i + 3]!));
      const isFloat =
        (name === 'le' && this.type === 'histogram') || (name === 'quantile' && this.type === 'summary');
      labels.push([name, isFloat ? normalizeFloatLabel(value) : value]);
    }
    return labels;
  }

  /** After 'help' and 'type'. */
  family(): string {
    return this.#page.toString('utf8', this.#nameStart, this.#nameEnd);
  }

  /** After 'help'. */
  help(): string {
    const text = this.#page.toString('utf8', this.#textStart, this.#textEnd);
    return text.includes('\\') ? text.replace(/\\[\\n]/g, (pair) => (pair === '\\n' ? '\n' : '\\')) : text;
  }

  /** The error of a caller who cannot use the entry at hand; it names the line. */
  refuse(reason: string): ExpositionError {
    return this.#error(reason);
  }

  #sample(at: number): 'sample' {
    const page = this.#page;
    let end = at;
    if (page[at] !== BRACE_OPEN) {
      end = endOfMetricName(page, at);
      this.#nameStart = this.#start;
      this.#nameEnd = end;
      at = this.#skipBlanks(end);
    } else {
      this.#nameStart = this.#nameEnd = -1;
    }
    if (page[at] === BRACE_OPEN) end = endOfBraces(page, at);
    this.entryStart = this.#start;
    this.seriesNumber = UNKNOWN;
    if (end > 0 && this.#known !== undefined)
      this.seriesNumber = this.#known.find(this.#view, this.#start, end);
    if (this.seriesNumber === UNKNOWN) {
      this.#labelOffsets.length = 0;
      if (page[at] === BRACE_OPEN) end = this.#labelPairs(at + 1);
      if (this.#nameStart < 0)
        throw this.#error(
          `metric name not set while parsing: ${this.#shown(endOfValue(page, this.#skipBlanks(end)))}`,
        );
    }
    this.entryEnd = end;
    this.#suffix(end);
    return 'sample';
  }

  /** Reads what stands between the braces and returns where the closing one ends. */
  #labelPairs(at: number): number {
    const page = this.#page;
    at = this.#skipBlanks(at);
    for (;;) {
      let start = at;
      if (page[at] === BRACE_CLOSE) return at + 1;
      const quoted = page[at] === QUOTE;
      let end = quoted ? scanQuoted(page, at, false) : endOfLabelName(page, at);
      if (end <= at) throw this.#unexpected('expected label name', at, 'labels');
      at = this.#skipBlanks(end);
      if (quoted) {
        start++;
        end--;
        if (page[at] === COMMA || page[at] === BRACE_CLOSE) {
          if (this.#nameStart >= 0)
            throw this.#error(`metric name already set while parsing: ${this.#shown(at + 1)}`);
          this.#nameStart = start;
          this.#nameEnd = end;
          if (page[at] === BRACE_CLOSE) return at + 1;
          at = this.#skipBlanks(at + 1);
          continue;
        }
      }
      if (page[at] !== EQUAL) throw this.#unexpected('expected equal', at, 'labels');
      at = this.#skipBlanks(at + 1);
      const valueEnd = page[at] === QUOTE ? scanQuoted(page, at, true) : UNKNOWN;
      if (valueEnd < 0) throw this.#unexpected('expected label value', at, 'labelValue');
      if (!this.#isUtf8(at, valueEnd))
        throw this.#error(`invalid UTF-8 label value: ${quoteBytes(page.subarray(at, valueEnd))}`);
      this.#labelOffsets.push(start, end, at + 1, valueEnd - 1);
      at = this.#skipBlanks(valueEnd);
      if (page[at] === COMMA) at = this.#skipBlanks(at + 1);
    }
  }

  /** The value and perhaps a timestamp, to the end of the line. */
  #suffix(at: number): void {
    const page = this.#page;
    at = this.#skipBlanks(at);
    let end = endOfValue(page, at);
    if (end === at) throw this.#unexpected('expected value after metric', at, 'value');
    try {
      this.value = parseFloatBytes(page, at, end);
    } catch (error) {
      throw this.#error(`${(error as SyntaxError).message} while parsing: ${this.#shown(end)}`);
    }
    at = this.#skipBlanks(end);
    this.hasTimestamp = page[at] !== LINE_FEED;
    if (this.hasTimestamp) {
      end = endOfDigits(page, at);
      if (end === at) throw this.#unexpected('expected timestamp or new record', at, 'timestamp');
      this.timestampMs = Number(page.toString('latin1', at, end));
      if (this.timestampMs >= 2 ** 63) {
        const text = quoteBytes(page.subarray(at, end));
        throw this.#error(
          `strconv.ParseInt: parsing ${text}: value out of range while parsing: ${this.#shown(end)}`,
        );
      }
      at = this.#skipBlanks(end);
      if (page[at] !== LINE_FEED)
        throw this.#unexpected('expected next entry after timestamp', at, 'timestamp');
    }
    this.#at = at + 1;
  }

  /** A HELP or TYPE line gives an entry, another comment none; a NUL may end the page. */
  #comment(at: number): 'help' | 'type' | 'end' | undefined {
    const page = this.#page;
    const keyword = this.#skipBlanks(at + 1);
    const isMeta = keyword > at + 1 && isBlank(page[keyword + 4]!);
    const word = isMeta ? page.toString('latin1', keyword, keyword + 4) : '';
    if (word === 'HELP' || word === 'TYPE') return this.#metadata(word, this.#skipBlanks(keyword + 4));
    // Prometheus skips a NUL in a comment only when a blank follows the `#`.
    const end = page.indexOf(LINE_FEED, at);
    const nul = at + page.subarray(at, end).indexOf(0);
    if (nul >= at && (keyword === at + 1 || nul === keyword)) {
      this.#at = page.length;
      return 'end';
    }
    this.#at = end + 1;
    return undefined;
  }

  #metadata(word: 'HELP' | 'TYPE', at: number): 'help' | 'type' {
    const page = this.#page;
    const quoted = page[at] === QUOTE;
    const nameEnd = quoted ? scanQuoted(page, at, false) : endOfMetricName(page, at);
    if (nameEnd <= at) throw this.#unexpected(`expected metric name after ${word}`, at, 'meta1');
    this.#nameStart = quoted ? at + 1 : at;
    this.#nameEnd = quoted ? nameEnd - 1 : nameEnd;
    if (page[nameEnd] === 0)
      throw this.#error(
        `linebreak expected after metadata, got "\\x00" ("EOF") while parsing: ${this.#shown(nameEnd + 1)}`,
      );
    const end = page.indexOf(LINE_FEED, nameEnd);
    // The character after the name is a blank, or is dropped as if it were; blanks alone are no text.
    this.#textStart = this.#skipBlanks(nameEnd) === end ? end : nameEnd + 1;
    this.#textEnd = end;
    this.entryStart = this.#start;
    this.entryEnd = end;
    const text = page.subarray(this.#textStart, end);
    if (word === 'TYPE') {
      const type = Object.hasOwn(TYPES, text.toString('latin1')) ? TYPES[text.toString('latin1')] : undefined;
      if (type === undefined) throw this.#error(`invalid metric type ${quoteBytes(text)}`);
      this.type = type;
    } else if (!this.#isUtf8(this.#textStart, end)) {
      throw this.#error(`help text ${quoteBytes(text)} is not a valid utf8 string`);
    }
    this.#at = end + 1;
    return word === 'TYPE' ? 'type' : 'help';
  }

  #name(start: number, end: number): string {
    if (!this.#isUtf8(start, end)) {
      const bytes = quoteBytes(this.#page.subarray(start, end));
      throw this.#error(`invalid metric name or label names: ${bytes}`);
    }
    return unescapeLabel(this.#page.toString('utf8', start, end));
  }

  /** Checks the whole page once; only where that fails, the piece. */
  #isUtf8(start: number, end: number): boolean {
    this.#pageIsUtf8 ??= isUtf8(this.#page);
    return this.#pageIsUtf8 || isUtf8(this.#page.subarray(start, end));
  }

  #skipBlanks(at: number): number {
    const page = this.#page;
    while (page[at] === SPACE || page[at] === TAB) at++;
    return at;
  }

  #shown(end: number): string {
    return quoteBytes(this.#page.subarray(this.#start, end));
  }

  #error(reason: string): ExpositionError {
    let line = 1;
    for (let at = this.#page.indexOf(LINE_FEED); at >= 0 && at < this.#start; line++)
      at = this.#page.indexOf(LINE_FEED, at + 1);
    return new ExpositionError(line, reason);
  }

  #unexpected(expectation: string, at: number, state: LexerState): ExpositionError {
    const { token, end } = tokenAt(this.#page, at, state);
    const got = quoteBytes(this.#page.subarray(at, end + 1));
    return this.#error(`${expectation}, got ${got} ("${token}") while parsing: ${this.#shown(end + 1)}`);
  }
}

/** The escapes are \" \\ and \n; a backslash before anything else stands for itself. */
function unescapeLabel(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\["\\n]/g, (pair) => (pair === '\\n' ? '\n' : pair[1]!));
}
