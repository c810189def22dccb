import { readFileSync } from 'node:fs';
import { closest, distance } from 'fastest-levenshtein';
import { isAlias, isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { parseDurationMs } from '../model/duration.ts';

/** One thing wrong in a file: where, what, and what to do. */
export interface ConfigProblem {
  readonly line: number;
  readonly column: number;
  /** As one would write it: `push.url`, `scrape_configs[2].job_name`. Empty for the file as a whole. */
  readonly key: string;
  readonly problem: string;
}

/** A config file cannot be used. The message holds every problem, a line each: `file:line:column: key: problem`. */
export class ConfigError extends Error {
  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(
      problems
        .map(
          ({ line, column, key, problem }) =>
            `${file}:${line}:${column}: ${key === '' ? '' : `${key}: `}${problem}`,
        )
        .join('\n'),
    );
    this.file = file;
    this.problems = problems;
  }
}

/** Reads and checks a YAML file. Keys that the schema does not know are refused. Throws a ConfigError. */
export function loadConfig<T>(file: string, schema: z.ZodType<T>): T {
  return parseConfig(file, readConfigText(file), schema);
}

/** The text of a file; one that cannot be read is a ConfigError like any other. */
export function readConfigText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : String(error);
    throw new ConfigError(file, [{ line: 1, column: 1, key: '', problem: `cannot read: ${reason}` }]);
  }
}

/** The same for a text at hand; `file` only names it in problems. */
export function parseConfig<T>(file: string, text: string, schema: z.ZodType<T>): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document.errors.length > 0) {
    throw new ConfigError(
      file,
      document.errors.map((error) => ({
        ...at(error.pos[0]),
        key: '',
        problem: `not valid YAML: ${error.message}`,
      })),
    );
  }
  const result = schema.safeParse(document.toJS() ?? {}, { reportInput: true });
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) =>
    describe(issue, schema).map(({ path, problem }) => ({
      ...at(offsetOf(document.contents, path)),
      key: formatKey(path),
      problem,
    })),
  );
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  throw new ConfigError(file, problems);
}

/** A duration as Prometheus writes it (`15s`, `1m30s`); the value is milliseconds. */
export const durationSchema = z.string().transform((text, context) => {
  try {
    return parseDurationMs(text);
  } catch {
    context.addIssue({ code: 'custom', message: `"${text}" is no duration; write it as 15s, 1m30s or 2h` });
    return z.NEVER;
  }
});

type Path = readonly PropertyKey[];

function describe(issue: z.core.$ZodIssue, schema: z.core.$ZodType): { path: Path; problem: string }[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        problem: unknownKey(key, keysAt(schema, issue.path)),
      }));
    case 'invalid_type': {
      if (issue.input === undefined)
        return [{ path: issue.path, problem: `is missing; expected ${issue.expected}` }];
      return [{ path: issue.path, problem: `expected ${issue.expected}, got ${shown(issue.input)}` }];
    }
    case 'invalid_union':
      // The alternative that came furthest is the one the writer meant.
      return (
        bestAlternative(issue.errors)?.flatMap((inner) =>
          describe({ ...inner, path: [...issue.path, ...inner.path] }, schema),
        ) ?? [{ path: issue.path, problem: issue.message }]
      );
    case 'invalid_key':
      return [{ path: issue.path, problem: lowerFirst(issue.issues[0]?.message ?? issue.message) }];
    default:
      return [{ path: issue.path, problem: lowerFirst(issue.message) }];
  }
}

function bestAlternative(
  alternatives: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  const depth = (issues: readonly z.core.$ZodIssue[]) =>
    Math.max(0, ...issues.map((issue) => issue.path.length));
  return alternatives.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
}

function unknownKey(key: string, known: readonly string[]): string {
  if (known.length === 0) return 'unknown key';
  const near = closest(key, known);
  const swapped = known.find((other) => [...other].toSorted().join('') === [...key].toSorted().join(''));
  const meant =
    swapped ??
    (near.length > 1 && distance(key, near) <= Math.floor((key.length + 2) / 3) ? near : undefined);
  return meant === undefined
    ? `unknown key; known here: ${known.join(', ')}`
    : `unknown key; did you mean "${meant}"?`;
}

/** The keys that an object of the schema may have at a path: what the suggestion is drawn from. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  let at: z.core.$ZodType[] = [schema];
  for (const step of path) at = at.flatMap(unwrap).flatMap((inner) => child(inner, step));
  const objects = at.flatMap(unwrap).filter((inner) => inner instanceof z.core.$ZodObject);
  return [...new Set(objects.flatMap((object) => Object.keys(object._zod.def.shape)))];
}

/** What a schema comes down to: without defaults, optionality and transforms, a union as its alternatives. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  const def = schema._zod.def as {
    innerType?: z.core.$ZodType;
    in?: z.core.$ZodType;
    options?: readonly z.core.$ZodType[];
  };
  if (def.innerType) return unwrap(def.innerType);
  if (def.in) return unwrap(def.in);
  if (def.options) return def.options.flatMap(unwrap);
  return [schema];
}

function child(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType[] {
  if (schema instanceof z.core.$ZodObject)
    return Object.hasOwn(schema._zod.def.shape, step) ? [schema._zod.def.shape[String(step)]!] : [];
  if (schema instanceof z.core.$ZodArray) return [schema._zod.def.element];
  if (schema instanceof z.core.$ZodRecord) return [schema._zod.def.valueType];
  return [];
}

/** Where the value of a path begins; for a missing key, where its nearest existing parent does. */
function offsetOf(root: unknown, path: Path): number {
  let node = root;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => String((item.key as { value?: unknown })?.value ?? item.key) === String(step),
      );
      if (!pair) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      offset = startOf(node) ?? offset;
    } else if (isAlias(node)) {
      return offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

function formatKey(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? String(step) : `.${String(step)}`))
    .join('');
}

function shown(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return `${typeof value} ${JSON.stringify(value)}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
