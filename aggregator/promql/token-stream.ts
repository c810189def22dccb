import type { PositionRange } from './ast.ts';
import { Lexer } from './lexer.ts';
import { ParseError, type Problem } from './parse-error.ts';
import { describe, type Token, type TokenKind } from './token.ts';

/** Deeper nesting of parentheses, calls and signs than anybody writes, and well within the stack. */
export const MAX_NESTING = 1_000;

/**
 * Where in the grammar an unexpected token would be reported: the innermost construct that has words for it.
 * Prometheus' parser finds it by unwinding its stack; here each construct sets its own and puts the outer
 * one back (`within`).
 */
export interface Place {
  readonly context: string;
  readonly expected: string;
}

/**
 * The tokens of a query with one token of look-ahead, and the problems found in it. When a token is read
 * decides the order of the problems, and so which of them is shown: read ahead only where the grammar has to.
 */
export class TokenStream {
  readonly #query: string;
  readonly #lexer: Lexer;
  readonly #problems: Problem[] = [];
  #ahead: Token | undefined;
  #place: Place = { context: '', expected: '' };
  #nesting = 0;
  /**
   * The end of the last token read that can close a selector, look-ahead included: where modified selectors
   * end.
   */
  lastClosing = 0;

  constructor(query: string) {
    this.#query = query;
    this.#lexer = new Lexer(query);
  }

  peek(): Token {
    this.#ahead ??= this.#read();
    return this.#ahead;
  }

  next(): Token {
    const token = this.peek();
    this.#ahead = undefined;
    return token;
  }

  is(kind: TokenKind): boolean {
    return this.peek().kind === kind;
  }

  /** The next token if it is of the kind; otherwise it stays. */
  accept(kind: TokenKind): Token | undefined {
    return this.is(kind) ? this.next() : undefined;
  }

  expect(kind: TokenKind, place?: Place): Token {
    return this.is(kind) ? this.next() : this.fail(place);
  }

  /** Runs a part of the grammar with its own words for what is unexpected in it. */
  within<T>(context: string, expected: string, parse: () => T): T {
    const outer = this.#place;
    this.#place = { context, expected };
    const result = parse();
    this.#place = outer;
    return result;
  }

  nested<T>(parse: () => T): T {
    if (++this.#nesting > MAX_NESTING) this.tooDeep();
    const result = parse();
    this.#nesting--;
    return result;
  }

  tooDeep(): never {
    this.problem(this.peek(), `expression is nested more than ${MAX_NESTING} levels deep`);
    this.stop();
  }

  /** Notes a problem that does not keep the rest from being read. */
  problem(position: PositionRange, text: string): void {
    this.#problems.push({ position: { start: position.start, end: position.end }, text });
  }

  /** The next token cannot stand here. */
  fail(place: Place = this.#place): never {
    const token = this.peek();
    const where = place.context === '' ? '' : ` in ${place.context}`;
    const wanted = place.expected === '' ? '' : `, expected ${place.expected}`;
    this.problem(token, `unexpected ${describe(token)}${where}${wanted}`);
    this.stop();
  }

  /** Throws the first problem found, if there is any. */
  check(): void {
    const [first] = this.#problems;
    if (first) throw new ParseError(this.#query, first);
  }

  stop(): never {
    this.check();
    throw new Error('BUG: parsing stopped without a problem');
  }

  #read(): Token {
    let token = this.#lexer.next();
    while (token.kind === 'comment') token = this.#lexer.next();
    if (token.kind === 'error') {
      this.problem(token, token.text);
      this.stop();
    }
    if (CLOSING.has(token.kind)) this.lastClosing = token.end;
    return token;
  }
}

const CLOSING: ReadonlySet<TokenKind> = new Set<TokenKind>(['}', ')', ']', 'duration', 'number']);
