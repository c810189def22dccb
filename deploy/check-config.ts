import { parse } from 'yaml';
import { loadAggregatorConfig } from '../aggregator/config.ts';
import { loadCollectorConfig } from '../collector/config.ts';
import { checkFiles } from '../runtime/check-files.ts';
import { ConfigError, readConfigText } from '../runtime/config.ts';

/** `karmascope check-config`: whose file it is and that it can be used, or what is wrong. Exit code: 0, or 2 as when a process refuses it. */
export function checkConfigCommand(
  files: readonly string[],
  stdout: { write(text: string): unknown },
): number {
  const failed = checkFiles(files, stdout, (file) => {
    const kind = kindOf(file);
    if (kind === 'collector') loadCollectorConfig(file);
    else loadAggregatorConfig(file);
    return [`${kind} configuration, in order`];
  });
  return failed === 0 ? 0 : 2;
}

/** A collector is told where to push; an aggregator is not. What cannot be read as a map is left to the loader. */
function kindOf(file: string): 'collector' | 'aggregator' {
  let content: unknown;
  try {
    content = parse(readConfigText(file));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    return 'aggregator';
  }
  const keys = content !== null && typeof content === 'object' ? Object.keys(content) : [];
  return keys.some((key) => key === 'push' || key === 'scrape_configs') ? 'collector' : 'aggregator';
}
