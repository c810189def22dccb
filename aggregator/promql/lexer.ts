import { quote } from '../../model/labels.ts';
import { ByteOffsets } from './byte-offsets.ts';
import { isAlpha, isAlphaNumeric, isDigit, isSpace, quoteRune } from './rune.ts';
import { durationEnd, numberEnd } from './scan-number.ts';
import { scanRawString, scanString } from './scan-string.ts';
import { type Token, type TokenKind, WORDS } from './token.ts';

const PUNCTUATION: ReadonlySet<string> = new Set(['*', '/', '%', '+', '-', '^', ',', '@']);
/** The first letters of `step`, `range`, `max_of` and `min_of`. */
const TIME_WORD_START = /[srmSRM]/;
const TIME_WORD = /^(?:step|range|max_of|min_of)$/i;

/**
 * Cuts a query into tokens, on demand. What a character means depends on where it stands: braces know no
 * keywords and no numbers, brackets hardly any words. After an error there is nothing more to read.
 *
 * Indices inside are those of the string; tokens leave with byte offsets.
 */
export class Lexer {
  readonly #text: string;
  readonly #bytes: ByteOffsets;
  #position = 0;
  /** Where the token being read began. */
  #start = 0;
  #parenDepth = 0;
  #braceOpen = false;
  #bracketOpen = false;
  /** Right after `[`, until the first number of the range: only durations may follow. */
  #rangeExpected = false;
  #colonSeen = false;
  #durationSeen = false;

  constructor(text: string) {
    this.#text = text;
    this.#bytes = new ByteOffsets(text);
  }

  next(): Token {
    this.#start = this.#position;
    if (this.#rangeExpected) return this.#inRange();
    this.#skipSpace();
    if (this.#char() === '#') return this.#comment();
    return this.#braceOpen ? this.#inBraces() : this.#outside();
  }

  #outside(): Token {
    const char = this.#take();
    if (char === '') {
      if (this.#parenDepth !== 0) return this.#error('unclosed left parenthesis');
      if (this.#bracketOpen) return this.#error('unclosed left bracket');
      return this.#token('end of input');
    }
    if (PUNCTUATION.has(char)) return this.#token(char as TokenKind);
    if (isDigit(char) || (char === '.' && isDigit(this.#char()))) return this.#number();
    if (isAlpha(char) || char === ':') return this.#bracketOpen ? this.#wordInRange(char) : this.#word();
    switch (char) {
      case '=':
        if (this.#accept('=')) return this.#token('==');
        if (this.#char() === '~') return this.#error(`unexpected character after '=': '~'`);
        return this.#token('=');
      case '!':
        if (this.#accept('=')) return this.#token('!=');
        return this.#error(`unexpected character after '!': ${quoteRune(this.#char())}`);
      case '<':
      case '>':
        if (this.#accept('=')) return this.#token(`${char}=`);
        if (this.#accept('/')) return this.#token(`${char}/`);
        return this.#token(char);
      case '"':
      case "'":
      case '`':
        return this.#string(char);
      case '(':
      case ')':
        return this.#parenthesis(char);
      case '{':
        this.#braceOpen = true;
        return this.#token('{');
      case '[':
        if (this.#bracketOpen) return this.#error(`unexpected left bracket '['`);
        this.#bracketOpen = true;
        this.#rangeExpected = true;
        this.#colonSeen = false;
        return this.#token('[');
      case ']':
        if (!this.#bracketOpen) return this.#error(`unexpected right bracket ']'`);
        this.#bracketOpen = false;
        return this.#token(']');
      default:
        return this.#error(`unexpected character: ${quoteRune(char)}`);
    }
  }

  #inBraces(): Token {
    const char = this.#take();
    if (char === '') return this.#error('unexpected end of input inside braces');
    if (isAlpha(char)) {
      while (isAlphaNumeric(this.#char())) this.#position++;
      return this.#token('identifier');
    }
    switch (char) {
      case ',':
        return this.#token(',');
      case '"':
      case "'":
      case '`':
        return this.#string(char);
      case '=':
        return this.#token(this.#accept('~') ? '=~' : '=');
      case '!':
        if (this.#accept('~')) return this.#token('!~');
        if (this.#accept('=')) return this.#token('!=');
        return this.#error(`unexpected character after '!' inside braces: ${quoteRune(this.#char())}`);
      case '{':
        return this.#error(`unexpected left brace '{'`);
      case '}':
        this.#braceOpen = false;
        return this.#token('}');
      default:
        return this.#error(`unexpected character inside braces: ${quoteRune(char)}`);
    }
  }

  #inRange(): Token {
    this.#skipSpace();
    const char = this.#take();
    switch (char) {
      case '':
        return this.#error('unexpected end of input in duration expression');
      case ']':
        this.#bracketOpen = false;
        this.#rangeExpected = false;
        this.#colonSeen = false;
        return this.#token(']');
      case ':':
        if (!this.#durationSeen) {
          return this.#errorBehind('unexpected colon before duration in duration expression');
        }
        if (this.#colonSeen) {
          return this.#errorBehind('unexpected repeated colon in duration expression');
        }
        this.#colonSeen = true;
        return this.#token(':');
      case '(':
      case ')':
        return this.#parenthesis(char);
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
      case '^':
      case ',':
        return this.#token(char);
    }
    if (TIME_WORD_START.test(char)) {
      return (
        this.#timeWord() ?? this.#error(`unexpected character in duration expression: ${quoteRune(char)}`)
      );
    }
    if (isDigit(char) || (char === '.' && isDigit(this.#char()))) {
      this.#durationSeen = true;
      this.#rangeExpected = false;
      return this.#number();
    }
    return this.#error(`unexpected character in duration expression: ${quoteRune(char)}`);
  }

  #wordInRange(char: string): Token {
    if (char === ':') {
      if (this.#colonSeen) return this.#error(`unexpected colon ':'`);
      this.#colonSeen = true;
      return this.#token(':');
    }
    const word = TIME_WORD_START.test(char) ? this.#timeWord() : undefined;
    return word ?? this.#error(`unexpected character: ${quoteRune(char)}, expected ':'`);
  }

  #timeWord(): Token | undefined {
    while (isAlpha(this.#char())) this.#position++;
    const word = this.#text.slice(this.#start, this.#position);
    return TIME_WORD.test(word) ? this.#token(word.toLowerCase() as TokenKind) : undefined;
  }

  #word(): Token {
    while (isAlphaNumeric(this.#char()) || this.#char() === ':') this.#position++;
    const word = this.#text.slice(this.#start, this.#position);
    const kind = WORDS.get(word.toLowerCase());
    if (kind === undefined) return this.#token(word.includes(':') ? 'metric identifier' : 'identifier');
    // A metric may be called `fill`: the modifier is known by its parenthesis.
    if (kind === 'fill' || kind === 'fill_left' || kind === 'fill_right') {
      return this.#token(/^[ \t\n\r]*\(/.test(this.#text.slice(this.#position)) ? kind : 'identifier');
    }
    return this.#token(kind);
  }

  #number(): Token {
    const number = numberEnd(this.#text, this.#start);
    this.#position = number.end;
    if (number.valid) return this.#token('number');
    const duration = durationEnd(this.#text, number.end);
    this.#position = duration.end;
    if (duration.valid) return this.#token('duration');
    return this.#error(
      `bad number or duration syntax: ${quote(this.#text.slice(this.#start, duration.end))}`,
    );
  }

  #string(delimiter: string): Token {
    const scan = delimiter === '`' ? scanRawString : scanString;
    const { end, problem } = scan(this.#text, this.#position, delimiter);
    if (problem !== undefined) return this.#error(problem);
    this.#position = end;
    return this.#token('string');
  }

  #parenthesis(char: '(' | ')'): Token {
    this.#parenDepth += char === '(' ? 1 : -1;
    if (this.#parenDepth >= 0) return this.#token(char);
    return this.#errorBehind(`unexpected right parenthesis ')'`);
  }

  #comment(): Token {
    while (this.#char() !== '' && this.#char() !== '\n' && this.#char() !== '\r') this.#position++;
    return this.#token('comment');
  }

  #skipSpace(): void {
    while (isSpace(this.#char())) this.#position++;
    this.#start = this.#position;
  }

  /** The character at the position, or an empty string at the end. */
  #char(): string {
    const code = this.#text.codePointAt(this.#position);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #take(): string {
    const char = this.#char();
    this.#position += char.length;
    return char;
  }

  #accept(char: string): boolean {
    if (this.#text[this.#position] !== char) return false;
    this.#position++;
    return true;
  }

  #token(kind: TokenKind): Token {
    return {
      kind,
      text: this.#text.slice(this.#start, this.#position),
      start: this.#bytes.at(this.#start),
      end: this.#bytes.at(this.#position),
    };
  }

  /** An error that is noticed only behind its character. */
  #errorBehind(text: string): Token {
    this.#start = this.#position;
    return this.#error(text);
  }

  /** An error reaches from where its token began to the end of the query. */
  #error(text: string): Token {
    return {
      kind: 'error',
      text,
      start: this.#bytes.at(this.#start),
      end: this.#bytes.at(this.#text.length),
    };
  }
}
