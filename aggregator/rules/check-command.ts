import { ConfigError } from '../../runtime/config.ts';
import { loadRuleFile } from './rule-file.ts';

/** `karmascope check-rules`: what is in each file, or what is wrong with it. The exit code: 0 all well, 1 some are not. */
export function checkRulesCommand(
  files: readonly string[],
  stdout: { write(text: string): unknown },
): number {
  let failed = 0;
  for (const file of files) {
    try {
      const groups = loadRuleFile(file);
      const rules = groups.reduce((sum, group) => sum + group.rules.length, 0);
      stdout.write(`${file}: ${rules} rules in ${groups.length} groups\n`);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      stdout.write(`${error.message}\n`);
      failed++;
    }
  }
  return failed === 0 ? 0 : 1;
}
