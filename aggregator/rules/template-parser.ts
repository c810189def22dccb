/**
 * The language of annotations and labels: Go's text/template, as Prometheus uses it. A template is text with
 * actions in `{{ }}`; `{{-` and `-}}` trim the white space beside them. Grammar: pkg.go.dev/text/template.
 */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'with';
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: 'range';
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: 'template'; readonly name: string; readonly pipeline: Pipeline | undefined }
  | { readonly kind: 'break' | 'continue' };

/** Commands joined by `|`; the result goes into the variables, and an action with variables prints nothing. */
export interface Pipeline {
  readonly variables: readonly string[];
  readonly assign: 'declare' | 'set' | undefined;
  readonly commands: readonly Command[];
}

/** A function or value with its arguments. */
export type Command = readonly Operand[];

export type Operand =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | undefined }
  | { readonly kind: 'dot'; readonly fields: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly fields: readonly string[] }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline; readonly fields: readonly string[] };

export interface Template {
  readonly nodes: readonly Node[];
  /** By `define` and `block`. */
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}

/** Parses a template; what stands outside actions is kept as it is. Throws a SyntaxError that quotes the place. */
export function parseTemplate(text: string): Template {
  const parser = new Parser(tokenize(text));
  const nodes = parser.list([]);
  return { nodes: nodes.body, defined: parser.defined };
}

type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly words: readonly string[] };

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  while (at <= text.length) {
    const open = text.indexOf('{{', at);
    let plain = text.slice(at, open < 0 ? text.length : open);
    if (trimNext) plain = plain.trimStart();
    if (open < 0) {
      if (plain !== '') tokens.push({ kind: 'text', text: plain });
      return tokens;
    }
    const trimBefore = /^\{\{-\s/.test(text.slice(open, open + 4));
    if (trimBefore) plain = plain.trimEnd();
    if (plain !== '') tokens.push({ kind: 'text', text: plain });
    const start = open + (trimBefore ? 3 : 2);
    const { words, end, trimAfter } = lexAction(text, start);
    if (words.length > 0) tokens.push({ kind: 'action', words });
    at = end;
    trimNext = trimAfter;
  }
  return tokens;
}

/** One word of an action: string, raw string, character, number, variable or field chain, name, or a sign. */
const WORD =
  /\s+|"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)+'|:=|[|(),=]|[-+]?(?:0[xX][0-9a-fA-F]+|\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?|\.\d+)|\$?[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*|\$(?:\.[\p{L}_][\p{L}\p{N}_]*)*|(?:\.[\p{L}_][\p{L}\p{N}_]*)+|\./uy;

function lexAction(text: string, start: number): { words: string[]; end: number; trimAfter: boolean } {
  const comment = /\s*\/\*[\s\S]*?\*\/\s*?(-)?\}\}/y;
  comment.lastIndex = start;
  const asComment = comment.exec(text);
  if (asComment) return { words: [], end: comment.lastIndex, trimAfter: asComment[1] !== undefined };
  const words: string[] = [];
  let at = start;
  for (;;) {
    if (text.startsWith('}}', at)) return { words, end: at + 2, trimAfter: false };
    if (/^\s-\}\}/.test(text.slice(at, at + 4))) return { words, end: at + 4, trimAfter: true };
    WORD.lastIndex = at;
    const match = WORD.exec(text);
    if (!match) {
      if (at >= text.length)
        throw new SyntaxError(`Cannot parse template: unclosed action "{{${text.slice(start)}"`);
      throw new SyntaxError(
        `Cannot parse template: unexpected ${JSON.stringify(text[at])} in action "{{${text.slice(start, at + 10)}"`,
      );
    }
    const word = match[0];
    // White space matters in one place only: `(x) .Field` has two arguments, `(x).Field` one. It is kept as
    // a word of its own after a closing parenthesis and dropped everywhere else.
    if (word.trim() !== '') words.push(word);
    else if (words.at(-1) === ')') words.push(' ');
    at = WORD.lastIndex;
  }
}

class Parser {
  readonly defined = new Map<string, readonly Node[]>();
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Nodes until one of the closing keywords, which is taken; at the top level until the end. */
  list(closing: readonly string[]): { body: Node[]; closedBy: readonly string[] } {
    const body: Node[] = [];
    for (;;) {
      const token = this.#tokens[this.#at++];
      if (!token) {
        if (closing.length > 0)
          throw new SyntaxError('Cannot parse template: unexpected end, "{{end}}" is missing');
        return { body, closedBy: [] };
      }
      if (token.kind === 'text') {
        body.push({ kind: 'text', text: token.text });
        continue;
      }
      const [first, ...rest] = token.words;
      if (first === 'end' || first === 'else') {
        if (!closing.includes(first)) throw new SyntaxError(`Cannot parse template: unexpected {{${first}}}`);
        return { body, closedBy: [first, ...rest] };
      }
      const node = this.#action(first!, rest, token.words);
      if (node) body.push(node);
    }
  }

  #action(first: string, rest: readonly string[], words: readonly string[]): Node | undefined {
    switch (first) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(first, rest);
      case 'define': {
        const { body } = this.list(['end']);
        this.defined.set(stringLiteral(rest[0]), body);
        return undefined;
      }
      case 'block': {
        const { body } = this.list(['end']);
        this.defined.set(stringLiteral(rest[0]), body);
        return { kind: 'template', name: stringLiteral(rest[0]), pipeline: parsePipeline(rest.slice(1)) };
      }
      case 'template':
        return {
          kind: 'template',
          name: stringLiteral(rest[0]),
          pipeline: rest.length > 1 ? parsePipeline(rest.slice(1)) : undefined,
        };
      case 'break':
      case 'continue':
        return { kind: first };
      default:
        return { kind: 'action', pipeline: parsePipeline(words) };
    }
  }

  #branch(kind: 'if' | 'with' | 'range', words: readonly string[]): Node {
    const pipeline = parsePipeline(words);
    const { body, closedBy } = this.list(['end', 'else']);
    let otherwise: readonly Node[] = [];
    if (closedBy[0] === 'else') {
      const [, chained, ...rest] = closedBy;
      otherwise =
        chained === 'if' || chained === 'with' ? [this.#branch(chained, rest)] : this.list(['end']).body;
    }
    return { kind, pipeline, body, otherwise };
  }
}

function parsePipeline(words: readonly string[]): Pipeline {
  const significant = [...words];
  const variables: string[] = [];
  let assign: Pipeline['assign'];
  const sign = significant.findIndex((word) => word === ':=' || word === '=');
  if (sign > 0) {
    assign = significant[sign] === ':=' ? 'declare' : 'set';
    for (const word of significant.splice(0, sign + 1)) if (word.startsWith('$')) variables.push(word);
  }
  const reader = { words: significant, at: 0 };
  const commands = readCommands(reader);
  if (reader.at < significant.length)
    throw new SyntaxError(`Cannot parse template: unexpected "${significant[reader.at]}" in ${shown(words)}`);
  if (commands.some((command) => command.length === 0))
    throw new SyntaxError(`Cannot parse template: missing value for command in ${shown(words)}`);
  return { variables, assign, commands };
}

interface Reader {
  readonly words: readonly string[];
  at: number;
}

function readCommands(reader: Reader): Command[] {
  const commands: Operand[][] = [[]];
  for (; reader.at < reader.words.length; ) {
    const word = reader.words[reader.at]!;
    if (word === ')') break;
    reader.at++;
    if (word === ' ') continue;
    if (word === '|') commands.push([]);
    else if (word === '(') commands.at(-1)!.push(readParenthesized(reader));
    else commands.at(-1)!.push(operand(word));
  }
  return commands;
}

function readParenthesized(reader: Reader): Operand {
  const commands = readCommands(reader);
  if (reader.words[reader.at++] !== ')')
    throw new SyntaxError(`Cannot parse template: unclosed left paren in ${shown(reader.words)}`);
  const next = reader.words[reader.at];
  const fields =
    next !== undefined && next.length > 1 && next.startsWith('.') ? next.slice(1).split('.') : [];
  if (fields.length > 0) reader.at++;
  return { kind: 'pipeline', pipeline: { variables: [], assign: undefined, commands }, fields };
}

function operand(word: string): Operand {
  const first = word[0]!;
  if (first === '"' || first === '`') return { kind: 'literal', value: stringLiteral(word) };
  if (first === "'")
    return { kind: 'literal', value: stringLiteral(`"${word.slice(1, -1)}"`).codePointAt(0) };
  if (word === '.') return { kind: 'dot', fields: [] };
  if (/^\.[\p{L}_]/u.test(word)) return { kind: 'dot', fields: word.slice(1).split('.') };
  if (first === '$') {
    const [name, ...fields] = word.split('.');
    return { kind: 'variable', name: name!, fields };
  }
  if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' };
  if (word === 'nil') return { kind: 'literal', value: undefined };
  if (/^[-+]?[.\d]/.test(word)) return { kind: 'literal', value: Number(word.replaceAll('_', '')) };
  if (/^[\p{L}_][\p{L}\p{N}_]*$/u.test(word)) return { kind: 'function', name: word };
  throw new SyntaxError(`Cannot parse template: unexpected "${word}"`);
}

function stringLiteral(word: string | undefined): string {
  if (word?.startsWith('`')) return word.slice(1, -1);
  if (!word?.startsWith('"'))
    throw new SyntaxError(`Cannot parse template: expected a quoted name, got ${word ?? 'nothing'}`);
  return word
    .slice(1, -1)
    .replace(/\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2}|[0-7]{3}|.)/g, (_, sequence: string) => {
      const simple: Readonly<Record<string, string>> = {
        n: '\n',
        t: '\t',
        r: '\r',
        a: '\x07',
        b: '\b',
        f: '\f',
        v: '\v',
      };
      if (/^[uUx]/.test(sequence) && sequence.length > 1)
        return String.fromCodePoint(Number.parseInt(sequence.slice(1), 16));
      if (/^[0-7]{3}$/.test(sequence)) return String.fromCharCode(Number.parseInt(sequence, 8));
      return simple[sequence] ?? sequence;
    });
}

function shown(words: readonly string[]): string {
  return `"{{${words.filter((word) => word !== ' ').join(' ')}}}"`;
}
