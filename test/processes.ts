import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { vi } from 'vitest';

/** A program started by a test; stop it in the test's end hook. */
export interface StartedProcess {
  readonly process: ChildProcess;
  /** What it has printed so far, both streams: for a test's failure message. */
  output(): string;
  /** SIGTERM, and SIGKILL when that does not help; resolves when the process is gone. */
  stop(): Promise<void>;
}

/** How long a program may take to become ready, and to stop. */
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

/** Starts a program and waits until `readyUrl` answers 2xx. Throws with its output when it does not. */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: { readyUrl?: string; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<StartedProcess> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env,
    cwd: options.cwd,
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-20_000);
    });
  }
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(kill);
  };
  if (options.readyUrl !== undefined) {
    try {
      await vi.waitFor(
        async () => {
          if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
          const response = await fetch(options.readyUrl!);
          if (!response.ok) throw new Error(`status ${response.status}`);
        },
        { timeout: READY_TIMEOUT_MS, interval: 50 },
      );
    } catch (error) {
      await stop();
      throw new Error(`Cannot start ${command}: ${String(error)}\n${printed}`, { cause: error });
    }
  }
  return { process: child, output: () => printed, stop };
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
