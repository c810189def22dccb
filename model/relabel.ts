/**
 * Prometheus' relabeling rules, for the labels of a target before it is scraped and of a series before it is
 * stored. Rules work on a plain map of labels, one after another; an empty value means no label.
 */
import { createHash } from 'node:crypto';
import { RE2JS } from 're2js';
import { compileRegex } from './matcher.ts';

export const RELABEL_ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

export type RelabelAction = (typeof RELABEL_ACTIONS)[number];

/** A rule as it is written; what is absent has Prometheus' default. */
export interface RelabelConfig {
  readonly action?: RelabelAction | undefined;
  readonly source_labels?: readonly string[] | undefined;
  /** Between the values of the source labels; `;`. */
  readonly separator?: string | undefined;
  /** RE2, anchored at both ends; `(.*)`. */
  readonly regex?: string | undefined;
  readonly modulus?: number | undefined;
  readonly target_label?: string | undefined;
  /** `$1`, `${1}` and `${name}` stand for what the groups of `regex` matched; `$1`. */
  readonly replacement?: string | undefined;
}

const DEFAULT_REGEX = '(.*)';
const DEFAULT_REPLACEMENT = '$1';
const DEFAULT_SEPARATOR = ';';

/** Changes the labels by each rule in turn. False: a rule dropped them, and they may be half changed. */
export function relabel(labels: Map<string, string>, rules: readonly RelabelRule[]): boolean {
  return rules.every((rule) => rule.apply(labels));
}

/** A checked rule, its regular expression and templates compiled. */
export class RelabelRule {
  readonly action: RelabelAction;
  readonly #sources: readonly string[];
  readonly #separator: string;
  readonly #regex: string;
  readonly #modulus: number;
  readonly #target: Template;
  readonly #replacement: Template;
  readonly #test: (value: string) => boolean;
  readonly #pattern: RE2JS;

  /** Throws a SyntaxError that says what is wrong with the rule and what to write instead. */
  constructor(config: RelabelConfig) {
    this.action = config.action ?? 'replace';
    check(this.action, config);
    this.#sources = config.source_labels ?? [];
    this.#separator = config.separator ?? DEFAULT_SEPARATOR;
    this.#regex = config.regex ?? DEFAULT_REGEX;
    this.#modulus = config.modulus ?? 0;
    this.#target = parseTemplate(config.target_label ?? '');
    this.#replacement = parseTemplate(config.replacement ?? DEFAULT_REPLACEMENT);
    try {
      this.#test = compileRegex(this.#regex);
      this.#pattern = RE2JS.compile(`^(?:${this.#regex})$`, RE2JS.DOTALL);
    } catch (error) {
      throw new SyntaxError(`regex "${this.#regex}" is not RE2: ${(error as Error).message}`);
    }
  }

  /** False drops the labels. */
  apply(labels: Map<string, string>): boolean {
    const value = this.#sources.map((name) => labels.get(name) ?? '').join(this.#separator);
    switch (this.action) {
      case 'keep':
        return this.#test(value);
      case 'drop':
        return !this.#test(value);
      case 'keepequal':
        return (labels.get(this.#target.text) ?? '') === value;
      case 'dropequal':
        return (labels.get(this.#target.text) ?? '') !== value;
      case 'replace':
        this.#replace(labels, value);
        return true;
      case 'lowercase':
        set(
          labels,
          this.#target.text,
          mapCase(value, (char) => char.toLowerCase()),
        );
        return true;
      case 'uppercase':
        set(
          labels,
          this.#target.text,
          mapCase(value, (char) => char.toUpperCase()),
        );
        return true;
      case 'hashmod':
        set(labels, this.#target.text, hashMod(value, this.#modulus));
        return true;
      case 'labelmap':
        for (const [name, mapped] of [...labels]) {
          const groups = this.#match(name);
          if (groups) set(labels, expand(this.#replacement, groups), mapped);
        }
        return true;
      case 'labeldrop':
        for (const name of [...labels.keys()]) if (this.#test(name)) labels.delete(name);
        return true;
      case 'labelkeep':
        for (const name of [...labels.keys()]) if (!this.#test(name)) labels.delete(name);
        return true;
      default:
        return this.action satisfies never;
    }
  }

  #replace(labels: Map<string, string>, value: string): void {
    const groups = this.#match(value);
    if (!groups) return;
    const target = expand(this.#target, groups);
    if (target !== '') set(labels, target, expand(this.#replacement, groups));
  }

  #match(value: string): Groups | undefined {
    // The default expression needs no automaton: all of the value is the one group.
    if (this.#regex === DEFAULT_REGEX) return (group) => (group === 0 || group === 1 ? value : '');
    if (!this.#test(value)) return undefined;
    const matcher = this.#pattern.matcher(value);
    if (!matcher.find()) return undefined;
    const names = this.#pattern.namedGroups() as Record<string, number>;
    return (group) => {
      const index = typeof group === 'number' ? group : names[group];
      return index === undefined || index > matcher.groupCount() ? '' : (matcher.group(index) ?? '');
    };
  }
}

/** What a group of the expression matched, or an empty string. */
type Groups = (group: number | string) => string;

/** Text with references to groups, in the syntax of Go's `regexp.Expand`. */
interface Template {
  readonly text: string;
  /** Text and references in turn; a number is a group's index, a string in `{}` its name. */
  readonly parts: readonly (string | { readonly group: number | string })[];
}

/** `$name` takes as many letters, digits and underscores as it can: `$1x` is the group named `1x`. */
const REFERENCE = /\$(?:(\$)|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;

function parseTemplate(text: string): Template {
  const parts: (string | { group: number | string })[] = [];
  let end = 0;
  for (const match of text.matchAll(REFERENCE)) {
    parts.push(text.slice(end, match.index));
    const name = match[2] ?? match[3];
    if (name === undefined) parts.push('$');
    else parts.push({ group: /^(?:0|[1-9]\d{0,8})$/.test(name) ? Number(name) : name });
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return { text, parts };
}

function expand(template: Template, groups: Groups): string {
  let out = '';
  for (const part of template.parts) out += typeof part === 'string' ? part : groups(part.group);
  return out;
}

function set(labels: Map<string, string>, name: string, value: string): void {
  if (value === '') labels.delete(name);
  else labels.set(name, value);
}

/** Go maps character by character; JavaScript's whole-string forms look at neighbours and change lengths. */
function mapCase(text: string, map: (char: string) => string): string {
  return Array.from(text, (char) => {
    const mapped = map(char);
    return mapped.length === char.length ? mapped : char;
  }).join('');
}

/** The last 8 bytes of the MD5 sum as a big-endian number, by the modulus. */
function hashMod(value: string, modulus: number): string {
  const sum = createHash('md5').update(value).digest();
  return String(sum.readBigUInt64BE(8) % BigInt(modulus));
}

function check(action: RelabelAction, config: RelabelConfig): void {
  const { source_labels, separator, regex, modulus, target_label, replacement } = config;
  const isSet = (value: unknown, byDefault?: unknown) => value !== undefined && value !== byDefault;
  const needsTarget = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'];
  if (needsTarget.includes(action) && (target_label ?? '') === '')
    throw new SyntaxError(`action ${action} needs target_label: the label to write or to compare with`);
  if (action === 'hashmod' && !(Number.isSafeInteger(modulus) && modulus! > 0))
    throw new SyntaxError('action hashmod needs modulus: the number of shards, 1 or more');
  if (action === 'labelmap' && replacement === '')
    throw new SyntaxError('action labelmap needs a replacement that names a label; leave it out for "$1"');
  if ((action === 'lowercase' || action === 'uppercase') && isSet(replacement, DEFAULT_REPLACEMENT))
    throw new SyntaxError(`action ${action} takes no replacement; remove it`);
  const hasOthers = isSet(modulus) || isSet(separator, DEFAULT_SEPARATOR);
  if (action === 'keepequal' || action === 'dropequal') {
    if (hasOthers || isSet(regex, DEFAULT_REGEX) || isSet(replacement, DEFAULT_REPLACEMENT))
      throw new SyntaxError(`action ${action} takes only source_labels and target_label; remove the rest`);
  }
  if (action === 'labeldrop' || action === 'labelkeep') {
    if (hasOthers || source_labels || isSet(target_label, '') || isSet(replacement, DEFAULT_REPLACEMENT))
      throw new SyntaxError(`action ${action} takes only regex; remove the rest`);
  }
}
