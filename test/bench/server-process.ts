import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A server that is measured: started, waited for, watched through /proc, stopped. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #name: string;
  #printed = '';

  private constructor(name: string, child: ChildProcess) {
    this.#name = name;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#printed = (this.#printed + text).slice(-10_000);
      });
    }
  }

  /** Starts a program and waits until a URL answers 2xx. */
  static async start(command: string, args: readonly string[], readyUrl: string): Promise<ServerProcess> {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const server = new ServerProcess(command, child);
    await once(child, 'spawn');
    for (let waitedMs = 0; waitedMs < READY_TIMEOUT_MS; waitedMs += POLL_MS) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      const response = await fetch(readyUrl).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.ok) return server;
      await delay(POLL_MS);
    }
    await server.stop();
    throw new Error(`Cannot start ${command}: it is not ready\n${server.#printed}`);
  }

  /** User and system time of all threads since the start. */
  cpuSeconds(): number {
    // Fields 14 and 15 of proc(5), in ticks of 1/100 s; the name in field 2 may hold spaces.
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /**
   * Waits until the work that a load left behind is done: under 3 % of a core for a second, and not before
   * what is put off has come (VictoriaMetrics writes to disk every 5 s).
   */
  async settle(): Promise<void> {
    await delay(PUT_OFF_MS);
    for (let waitedMs = 0; waitedMs < SETTLE_TIMEOUT_MS; waitedMs += 1000) {
      const before = this.cpuSeconds();
      await delay(1000);
      if (this.cpuSeconds() - before < 0.03) return;
    }
  }

  get output(): string {
    return `${this.#name} said:\n${this.#printed}`;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(kill);
  }
}

/** A port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

const READY_TIMEOUT_MS = 20_000;
const POLL_MS = 50;
const PUT_OFF_MS = 6_000;
const SETTLE_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 10_000;
