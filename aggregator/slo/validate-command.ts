import { formatDurationMs } from '../../model/duration.ts';
import { ConfigError } from '../../runtime/config.ts';
import { loadObjectives } from './openslo.ts';

/** `karmascope slo validate`: what each file asks for, or what is wrong with it. Exit code: 0 all well, 1 some are not. */
export function sloValidateCommand(
  files: readonly string[],
  stdout: { write(text: string): unknown },
): number {
  let failed = 0;
  for (const file of files) {
    try {
      for (const { name, target, windowMs } of loadObjectives(file)) {
        stdout.write(
          `${file}: ${name}: ${Number((target * 100).toPrecision(9))} % over ${formatDurationMs(windowMs)}\n`,
        );
      }
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      stdout.write(`${error.message}\n`);
      failed++;
    }
  }
  return failed === 0 ? 0 : 1;
}
