/**
 * Labels are a series' identity: names and values, sorted by name, without empty values (an empty value
 * means the same as no label) and without repeats. The metric's name is the label `__name__`.
 */
export const METRIC_NAME = '__name__';

/** One name and value. */
export type Label = readonly [name: string, value: string];

export class Labels {
  static readonly empty = new Labels([]);

  /** Names and values in turn, sorted by name: [n0, v0, n1, v1, …]. */
  readonly #pairs: readonly string[];
  #key: string | undefined;

  private constructor(pairs: readonly string[]) {
    this.#pairs = pairs;
  }

  static fromObject(labels: Readonly<Record<string, string | undefined>>): Labels {
    const pairs: [string, string][] = [];
    for (const [name, value] of Object.entries(labels)) if (value !== undefined) pairs.push([name, value]);
    return Labels.fromPairs(pairs);
  }

  /** Sorts, and drops empty values. Throws on a name that comes twice. */
  static fromPairs(pairs: Iterable<Label>): Labels {
    const sorted: Label[] = [];
    for (const pair of pairs) if (pair[1] !== '') sorted.push(pair);
    sorted.sort((a, b) => compareUtf8(a[0], b[0]));
    const flat = new Array<string>(sorted.length * 2);
    for (let i = 0; i < sorted.length; i++) {
      const [name, value] = sorted[i]!;
      if (i > 0 && sorted[i - 1]![0] === name)
        throw new RangeError(`Cannot build labels: label name "${name}" is not unique`);
      flat[2 * i] = name;
      flat[2 * i + 1] = value;
    }
    return flat.length === 0 ? Labels.empty : new Labels(flat);
  }

  get size(): number {
    return this.#pairs.length / 2;
  }

  /** The metric's name, or an empty string. */
  get metricName(): string {
    return this.get(METRIC_NAME);
  }

  /** The value, or an empty string where the label is absent: PromQL does not tell the two apart. */
  get(name: string): string {
    const pairs = this.#pairs;
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1]!;
    return '';
  }

  has(name: string): boolean {
    return this.get(name) !== '';
  }

  /** These labels with some changed; an empty or undefined value removes the label. */
  with(changes: Readonly<Record<string, string | undefined>>): Labels {
    const kept: Label[] = [];
    for (const pair of this) if (!Object.hasOwn(changes, pair[0])) kept.push(pair);
    for (const [name, value] of Object.entries(changes))
      if (value !== undefined && value !== '') kept.push([name, value]);
    return Labels.fromPairs(kept);
  }

  without(...names: string[]): Labels {
    const kept = new Labels(filterPairs(this.#pairs, (name) => !names.includes(name)));
    return kept.size === this.size ? this : kept;
  }

  /** Only the named labels, as `by (…)` keeps them. */
  only(...names: string[]): Labels {
    return new Labels(filterPairs(this.#pairs, (name) => names.includes(name)));
  }

  /** A string equal for equal labels only: the key of maps and sets. Computed once. */
  get key(): string {
    this.#key ??= this.#pairs.join('\xff');
    return this.#key;
  }

  equals(other: Labels): boolean {
    return this === other || this.key === other.key;
  }

  *[Symbol.iterator](): IterableIterator<Label> {
    const pairs = this.#pairs;
    for (let i = 0; i < pairs.length; i += 2) yield [pairs[i]!, pairs[i + 1]!];
  }

  toObject(): Record<string, string> {
    return Object.fromEntries(this);
  }

  toJSON(): Record<string, string> {
    return this.toObject();
  }

  /** As Prometheus prints it: `{a="1", b="2"}`; names that are no legacy names are quoted. */
  toString(): string {
    const parts: string[] = [];
    for (const [name, value] of this)
      parts.push(`${isLegacyLabelName(name) ? name : quote(name)}=${quote(value)}`);
    return `{${parts.join(', ')}}`;
  }

  /** The order of Prometheus' results: name by name, value by value, in UTF-8 byte order; a prefix first. */
  static compare(a: Labels, b: Labels): number {
    const length = Math.min(a.#pairs.length, b.#pairs.length);
    for (let i = 0; i < length; i++) {
      const order = compareUtf8(a.#pairs[i]!, b.#pairs[i]!);
      if (order !== 0) return order;
    }
    return a.#pairs.length - b.#pairs.length;
  }
}

/** Order of UTF-8 bytes. JavaScript compares UTF-16 units, which differs for surrogates against U+E000–U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates stand for code points above U+FFFF: move them past the end of the basic plane.
    if (x >= 0xd800 && x <= 0xdfff) x += 0x10000;
    if (y >= 0xd800 && y <= 0xdfff) y += 0x10000;
    return x - y;
  }
  return a.length - b.length;
}

export function isLegacyLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

export function isLegacyMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** A Go string literal, as `strconv.Quote` writes it: Prometheus prints label values this way. */
export function quote(text: string): string {
  let out = '"';
  for (const char of text) {
    const escaped = GO_ESCAPES[char];
    if (escaped !== undefined) out += escaped;
    else if (isPrintable(char)) out += char;
    else {
      const code = char.codePointAt(0)!;
      if (code < 0x80) out += `\\x${code.toString(16).padStart(2, '0')}`;
      else if (code < 0x10000) out += `\\u${code.toString(16).padStart(4, '0')}`;
      else out += `\\U${code.toString(16).padStart(8, '0')}`;
    }
  }
  return `${out}"`;
}

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the plain space. */
function isPrintable(char: string): boolean {
  return char === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char);
}

function filterPairs(pairs: readonly string[], keep: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) if (keep(pairs[i]!)) kept.push(pairs[i]!, pairs[i + 1]!);
  return kept;
}
