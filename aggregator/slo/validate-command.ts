import { formatDurationMs } from '../../model/duration.ts';
import { checkFiles } from '../../runtime/check-files.ts';
import { loadObjectives } from './openslo.ts';

/** `karmascope slo validate`: what each file asks for, or what is wrong with it. Exit code: 0 all well, 1 some are not. */
export function sloValidateCommand(
  files: readonly string[],
  stdout: { write(text: string): unknown },
): number {
  const failed = checkFiles(files, stdout, (file) =>
    loadObjectives(file).map(
      ({ name, target, windowMs }) =>
        `${name}: ${Number((target * 100).toPrecision(9))} % over ${formatDurationMs(windowMs)}`,
    ),
  );
  return failed === 0 ? 0 : 1;
}
