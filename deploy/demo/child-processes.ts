import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../../runtime/logger.ts';

/** From SIGTERM to SIGKILL. A hub with a full head needs about a second to close its log. */
const STOP_GRACE_MS = 5_000;

/** What a child printed last is shown when it ends by itself. */
const TAIL_LINES = 12;

const END_WITH_PARENT = fileURLToPath(new URL('./end-with-parent.ts', import.meta.url));

export interface ChildOptions {
  /** As the demo's messages call it: `aggregator`, `collector prod-eu-1`. */
  name: string;
  command: string;
  args: readonly string[];
  /** Each line of its standard output, without the line's end. */
  onLine?: (line: string) => void;
}

/** A child ended though nobody asked it to; the message says which and what it said last. */
export class ChildEndedError extends Error {}

/** The programs that the demo runs. Each one is ended when the demo ends, however that comes. */
export class ChildProcesses {
  readonly #logger: Logger;
  readonly #running = new Map<string, Child>();
  readonly #failed = Promise.withResolvers<never>();
  #stopping = false;

  constructor(logger: Logger) {
    this.#logger = logger;
    // Whoever waits for it hears of the failure; nobody has to.
    this.#failed.promise.catch(() => {});
  }

  /** Rejects with a ChildEndedError as soon as a child ends by itself. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  /** Starts one of this package's own programs with the Node that runs the demo. */
  startNode(name: string, script: string, args: readonly string[], onLine?: (line: string) => void): void {
    this.start({
      name,
      command: process.execPath,
      args: ['--import', END_WITH_PARENT, script, ...args],
      ...(onLine && { onLine }),
    });
  }

  /** Starts nothing any more once all are being stopped. */
  start({ name, command, args, onLine }: ChildOptions): void {
    if (this.#stopping) return;
    if (this.#running.has(name)) throw new Error(`BUG: ${name} runs already`);
    // A session of its own keeps the terminal's Ctrl-C from it: the demo ends its children in order.
    const process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const child: Child = { process, tail: [], asked: false };
    this.#running.set(name, child);
    const note = (line: string) => {
      child.tail.push(line);
      if (child.tail.length > TAIL_LINES) child.tail.shift();
      this.#logger.debug({ child: name }, line);
    };
    readLines(process.stdout!, (line) => {
      note(line);
      onLine?.(line);
    });
    readLines(process.stderr!, note);
    // A child that is gone cannot read; that it is gone is told by its exit.
    process.stdin!.on('error', () => {});
    process.once('error', (error) => this.#ended(name, child, `cannot be run: ${error.message}`));
    process.once('close', (code, signal) =>
      this.#ended(name, child, signal ? `was ended by ${signal}` : `ended with ${code}`),
    );
  }

  /** Ends one child at once, as a loss of power does; resolves when it is gone. */
  async kill(name: string): Promise<void> {
    await this.#end(name, 'SIGKILL');
  }

  /**
   * Asks all to stop, gives them a moment, and ends those that stay. Those whose name begins with `first` go
   * before the others: a sender still finds the receiver of its last data.
   */
  async stopAll(first: string): Promise<void> {
    this.#stopping = true;
    const names = [...this.#running.keys()];
    await Promise.all(
      names.filter((name) => name.startsWith(first)).map((name) => this.#end(name, 'SIGTERM')),
    );
    await Promise.all(names.map((name) => this.#end(name, 'SIGTERM')));
  }

  #end(name: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#running.get(name);
    if (!child) return Promise.resolve();
    child.asked = true;
    return new Promise((resolve) => {
      const kill = setTimeout(() => child.process.kill('SIGKILL'), STOP_GRACE_MS);
      child.process.once('close', () => {
        clearTimeout(kill);
        resolve();
      });
      child.process.kill(signal);
    });
  }

  #ended(name: string, child: Child, how: string): void {
    if (this.#running.get(name) !== child) return;
    this.#running.delete(name);
    if (child.asked || this.#stopping) return;
    const said =
      child.tail.length > 0 ? `; it said last:\n${child.tail.map((line) => `  ${line}`).join('\n')}` : '';
    this.#failed.reject(new ChildEndedError(`The demo's ${name} ${how}${said}`));
  }
}

interface Child {
  process: ChildProcess;
  tail: string[];
  /** Somebody wants it to end. */
  asked: boolean;
}

function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
  });
  stream.on('end', () => rest && onLine(rest));
}
