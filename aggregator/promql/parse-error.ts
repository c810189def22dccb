import type { PositionRange } from './ast.ts';

/** A text that is no PromQL. The message is Prometheus' own, position first: `1:5: parse error: …`. */
export class ParseError extends Error {
  /** Byte offsets (UTF-8) in the query. */
  readonly position: PositionRange;

  constructor(query: string, problem: Problem) {
    super(`${startOf(query, problem.position)}: parse error: ${problem.text}`);
    this.name = 'ParseError';
    this.position = problem.position;
  }
}

/** One thing found wrong. Parsing goes on where it can; the first one found is the one that is shown. */
export interface Problem {
  readonly position: PositionRange;
  readonly text: string;
}

/** Line and column as Prometheus counts them: from 1, the column in bytes. */
export function startOf(query: string, position: PositionRange): string {
  if (query === '') return 'unknown position';
  const bytes = Buffer.from(query);
  if (position.start < 0 || position.start > bytes.length) return 'invalid position';
  const before = bytes.subarray(0, position.start);
  let line = 1;
  let lastLineBreak = -1;
  for (let at = before.indexOf(10); at >= 0; at = before.indexOf(10, at + 1)) {
    line++;
    lastLineBreak = at;
  }
  return `${line}:${position.start - lastLineBreak}`;
}
