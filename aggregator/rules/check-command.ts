import { checkFiles } from '../../runtime/check-files.ts';
import { loadRuleFile } from './rule-file.ts';

/** `karmascope check-rules`: what is in each file, or what is wrong with it. The exit code: 0 all well, 1 some are not. */
export function checkRulesCommand(
  files: readonly string[],
  stdout: { write(text: string): unknown },
): number {
  const failed = checkFiles(files, stdout, (file) => {
    const groups = loadRuleFile(file);
    const rules = groups.reduce((sum, group) => sum + group.rules.length, 0);
    return [`${rules} rules in ${groups.length} groups`];
  });
  return failed === 0 ? 0 : 1;
}
