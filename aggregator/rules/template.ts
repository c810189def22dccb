import { isFunctionName, print, TEMPLATE_FUNCTIONS, truth } from './template-functions.ts';
import {
  type Command,
  type Node,
  type Operand,
  type Pipeline,
  parseTemplate,
  type Template,
} from './template-parser.ts';

/** What a template sees: Prometheus' `$labels`, `$value`, `$externalLabels`, `$externalURL`. */
export interface TemplateData {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
}

/** What functions of a template may ask: the query engine at the rule's time. */
export interface TemplateContext {
  readonly timeMs: number;
  readonly externalUrl: string;
  query(expression: string): Promise<{ labels: Record<string, string>; value: number }[]>;
}

/** One template may print this much, so that a loop over a large result cannot fill the memory. */
const MAX_OUTPUT_CHARACTERS = 256 * 1024;

/** Throws a SyntaxError when a template cannot be parsed or names a function that there is not. */
export function checkTemplate(text: string): void {
  const template = parseTemplate(text);
  for (const nodes of [template.nodes, ...template.defined.values()]) checkNodes(nodes);
}

/**
 * The text that a template gives. What goes wrong while it runs does not stop the rule: as in Prometheus the
 * text is then `<error expanding template: …>`.
 */
export async function expandTemplate(
  text: string,
  data: TemplateData,
  context: TemplateContext,
): Promise<string> {
  if (!text.includes('{{')) return text;
  try {
    const template = parseTemplate(text);
    const run = new Run(template, context);
    const dot = {
      Labels: data.labels,
      Value: data.value,
      ExternalLabels: data.externalLabels,
      ExternalURL: data.externalUrl,
    };
    run.variables.push(
      new Map<string, unknown>([
        ['$', dot],
        ['$labels', data.labels],
        ['$value', data.value],
        ['$externalLabels', data.externalLabels],
        ['$externalURL', data.externalUrl],
      ]),
    );
    await run.nodes(template.nodes, dot);
    return run.output;
  } catch (error) {
    return `<error expanding template: ${error instanceof Error ? error.message : String(error)}>`;
  }
}

class LoopControl extends Error {
  readonly kind: 'break' | 'continue';

  constructor(kind: 'break' | 'continue') {
    super(`${kind} outside of range`);
    this.kind = kind;
  }
}

class Run {
  output = '';
  /** Scopes, the innermost last. */
  readonly variables: Map<string, unknown>[] = [];
  readonly #template: Template;
  readonly #context: TemplateContext;

  constructor(template: Template, context: TemplateContext) {
    this.#template = template;
    this.#context = context;
  }

  async nodes(nodes: readonly Node[], dot: unknown): Promise<void> {
    for (const node of nodes) await this.#node(node, dot);
  }

  async #node(node: Node, dot: unknown): Promise<void> {
    switch (node.kind) {
      case 'text':
        return this.#write(node.text);
      case 'action': {
        const value = await this.#pipeline(node.pipeline, dot);
        if (node.pipeline.assign === undefined) this.#write(print(value));
        return;
      }
      case 'if':
      case 'with':
        return this.#scoped(async () => {
          const value = await this.#pipeline(node.pipeline, dot);
          if (truth(value)) await this.nodes(node.body, node.kind === 'with' ? value : dot);
          else await this.nodes(node.otherwise, dot);
        });
      case 'range':
        return this.#scoped(() => this.#range(node, dot));
      case 'template': {
        const nodes = this.#template.defined.get(node.name);
        if (!nodes) throw new Error(`template "${node.name}" not defined`);
        const inner = node.pipeline ? await this.#pipeline(node.pipeline, dot) : undefined;
        return this.#scoped(() => this.nodes(nodes, inner));
      }
      case 'break':
      case 'continue':
        throw new LoopControl(node.kind);
    }
  }

  async #range(node: Extract<Node, { kind: 'range' }>, dot: unknown): Promise<void> {
    const value = await this.#pipeline({ ...node.pipeline, assign: undefined, variables: [] }, dot);
    const entries: [unknown, unknown][] = Array.isArray(value)
      ? [...value.entries()]
      : value !== null && typeof value === 'object'
        ? Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
        : [];
    if (entries.length === 0) return this.nodes(node.otherwise, dot);
    const names = node.pipeline.variables;
    for (const [key, item] of entries) {
      const scope = new Map<string, unknown>();
      if (names.length === 1) scope.set(names[0]!, item);
      if (names.length === 2) scope.set(names[0]!, key).set(names[1]!, item);
      this.variables.push(scope);
      try {
        await this.nodes(node.body, item);
      } catch (error) {
        if (!(error instanceof LoopControl)) throw error;
        if (error.kind === 'break') return;
      } finally {
        this.variables.pop();
      }
    }
  }

  async #scoped(run: () => Promise<void>): Promise<void> {
    const depth = this.variables.length;
    this.variables.push(new Map());
    try {
      await run();
    } finally {
      this.variables.length = depth;
    }
  }

  async #pipeline(pipeline: Pipeline, dot: unknown): Promise<unknown> {
    let value: unknown;
    for (const [i, command] of pipeline.commands.entries()) {
      value = await this.#command(command, dot, i === 0 ? [] : [value]);
    }
    const name = pipeline.variables[0];
    if (name !== undefined) {
      const scope =
        pipeline.assign === 'set'
          ? this.variables.findLast((candidate) => candidate.has(name))
          : this.variables.at(-1);
      if (!scope) throw new Error(`undefined variable "${name}"`);
      scope.set(name, value);
    }
    return value;
  }

  async #command(command: Command, dot: unknown, piped: unknown[]): Promise<unknown> {
    const [first, ...rest] = command;
    if (first?.kind !== 'function') {
      if (rest.length > 0 || piped.length > 0) throw new Error("can't give argument to non-function");
      return this.#operand(first!, dot);
    }
    if (first.name === 'and' || first.name === 'or') {
      // These two stop at the first operand that decides.
      let value: unknown;
      for (const operand of rest) {
        value = await this.#operand(operand, dot);
        if (truth(value) === (first.name === 'or')) return value;
      }
      return piped.length > 0 ? piped[0] : value;
    }
    const args: unknown[] = [];
    for (const operand of rest) args.push(await this.#operand(operand, dot));
    return TEMPLATE_FUNCTIONS[first.name]!([...args, ...piped], this.#context);
  }

  async #operand(operand: Operand, dot: unknown): Promise<unknown> {
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'dot':
        return fieldsOf(dot, operand.fields);
      case 'variable': {
        const scope = this.variables.findLast((candidate) => candidate.has(operand.name));
        if (!scope) throw new Error(`undefined variable "${operand.name}"`);
        return fieldsOf(scope.get(operand.name), operand.fields);
      }
      case 'function':
        return TEMPLATE_FUNCTIONS[operand.name]!([], this.#context);
      case 'pipeline':
        return fieldsOf(await this.#pipeline(operand.pipeline, dot), operand.fields);
    }
  }

  #write(text: string): void {
    this.output += text;
    if (this.output.length > MAX_OUTPUT_CHARACTERS)
      throw new Error(`it prints more than ${MAX_OUTPUT_CHARACTERS} characters`);
  }
}

/** Fields one after the other; a label that is not there is the empty string. */
function fieldsOf(value: unknown, fields: readonly string[]): unknown {
  for (const field of fields) {
    if (value === null || typeof value !== 'object')
      throw new Error(`can't evaluate field ${field} in a value of type ${typeof value}`);
    value = Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : '';
  }
  return value;
}

function checkNodes(nodes: readonly Node[]): void {
  for (const node of nodes) {
    if ('pipeline' in node && node.pipeline) checkPipeline(node.pipeline);
    if ('body' in node) {
      checkNodes(node.body);
      checkNodes(node.otherwise);
    }
  }
}

function checkPipeline(pipeline: Pipeline): void {
  for (const operand of pipeline.commands.flat()) {
    if (operand.kind === 'function' && !isFunctionName(operand.name)) {
      throw new SyntaxError(`Cannot parse template: function "${operand.name}" not defined`);
    }
    if (operand.kind === 'pipeline') checkPipeline(operand.pipeline);
  }
}
