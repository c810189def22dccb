import { ConfigError } from './config.ts';

/**
 * What a command that checks files does: a line on each that is in order, all problems of each that is not.
 * Returns how many are not.
 */
export function checkFiles(
  files: readonly string[],
  stdout: { write(text: string): unknown },
  describe: (file: string) => readonly string[],
): number {
  let failed = 0;
  for (const file of files) {
    try {
      for (const line of describe(file)) stdout.write(`${file}: ${line}\n`);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      stdout.write(`${error.message}\n`);
      failed++;
    }
  }
  return failed;
}
