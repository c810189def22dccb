import { RE2JS } from 're2js';
import type { Labels } from './labels.ts';
import { isLegacyLabelName, quote } from './labels.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/**
 * One condition on a label. Regular expressions are RE2 (never JavaScript's own, which can take exponential
 * time), anchored at both ends, with `.` matching newlines, as Prometheus 3 has them.
 */
export class Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  readonly #test: (value: string) => boolean;

  /** Throws a SyntaxError when the regular expression cannot be parsed. */
  constructor(name: string, operator: MatchOperator, value: string) {
    this.name = name;
    this.operator = operator;
    this.value = value;
    this.#test = operator === '=' || operator === '!=' ? (text) => text === value : compileRegex(value);
  }

  /** Whether a label value passes; pass an empty string for an absent label. */
  matches(value: string): boolean {
    const negative = this.operator === '!=' || this.operator === '!~';
    return this.#test(value) !== negative;
  }

  get matchesEmpty(): boolean {
    return this.matches('');
  }

  toString(): string {
    return `${isLegacyLabelName(this.name) ? this.name : quote(this.name)}${this.operator}${quote(this.value)}`;
  }
}

/** Whether labels pass all of the matchers. */
export function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}

const META = /[\\.+*?()|[\]{}^$]/;

/**
 * A test of whole label values. The shapes that make up nearly all of what people write (a literal, an
 * alternation of literals, a literal followed or preceded by `.*` or `.+`) need no automaton.
 */
export function compileRegex(source: string): (value: string) => boolean {
  if (!META.test(source)) return (value) => value === source;
  if (source === '.*') return () => true;
  if (source === '.+') return (value) => value !== '';
  const alternatives = source.split('|');
  if (alternatives.length > 1 && alternatives.every((alternative) => !META.test(alternative))) {
    const set = new Set(alternatives);
    return (value) => set.has(value);
  }
  const prefix = /^([^\\.+*?()|[\]{}^$]+)\.([*+])$/.exec(source);
  if (prefix) {
    const [, literal, repeat] = prefix;
    const least = literal!.length + (repeat === '+' ? 1 : 0);
    return (value) => value.length >= least && value.startsWith(literal!);
  }
  const suffix = /^\.([*+])([^\\.+*?()|[\]{}^$]+)$/.exec(source);
  if (suffix) {
    const [, repeat, literal] = suffix;
    const least = literal!.length + (repeat === '+' ? 1 : 0);
    return (value) => value.length >= least && value.endsWith(literal!);
  }
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(source, RE2JS.DOTALL);
  } catch (error) {
    throw new SyntaxError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return (value) => pattern.matches(value);
}
