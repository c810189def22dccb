import { parseArgs } from 'node:util';
import { type ConformanceResult, type ConformanceRun, MissingData } from './conformance.ts';

/** Each suite is the file of its name beside this one, which exports `run`. */
const SUITES: readonly string[] = ['promql-parser', 'promqltest', 'differential'];

const USAGE = `Usage: npm run --silent conformance -- NAME [--json] [--data PATH] [--peer URL] [--count N] [--seed N]
NAME is one of: ${SUITES.join(', ')}
--data takes another file of the same form as the suite's own
--peer, --count and --seed are for differential: an empty Prometheus 3 that takes remote write (its URL, or a
folder with usr/bin/prometheus to be started), how many random expressions, and from which seed`;

/** Exit codes: 0 all passed, 1 some failed, 2 it could not run. */
async function main(args: readonly string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) return refuse('Cannot run: name one suite');
  if (!SUITES.includes(name)) return refuse(`Cannot run "${name}": there is no such suite`);
  const [count, seed] = [values.count, values.seed].map((text) => (text === undefined ? text : Number(text)));
  if ([count, seed].some((number) => number !== undefined && !(Number.isSafeInteger(number) && number > 0)))
    return refuse('Cannot run: --count and --seed take a whole number over 0');

  const { run } = (await import(`./${name}.ts`)) as { run: ConformanceRun };
  let result: ConformanceResult;
  try {
    result = await run({
      ...(values.data !== undefined && { data: values.data }),
      ...(values.peer !== undefined && { peer: values.peer }),
      ...(count !== undefined && { count }),
      ...(seed !== undefined && { seed }),
    });
  } catch (error) {
    if (error instanceof MissingData) return refuse(error.message);
    throw error;
  }
  console.log(values.json ? JSON.stringify(result) : readable(result));
  return result.passed === result.total && result.total > 0 ? 0 : 1;
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      data: { type: 'string' },
      peer: { type: 'string' },
      count: { type: 'string' },
      seed: { type: 'string' },
    },
  });
}

function refuse(message: string): number {
  console.error(`${message}\n${USAGE}`);
  return 2;
}

function readable({ conformance, total, passed, failed, notes = [] }: ConformanceResult): string {
  const lines = [`${conformance}: ${passed} of ${total} passed`, ...failed.map((one) => `  ${one}`)];
  const unnamed = total - passed - failed.length;
  if (unnamed > 0) lines.push(`  and ${unnamed} more`);
  lines.push(...notes.map((note) => `  note: ${note}`));
  return lines.join('\n');
}

process.exitCode = await main(process.argv.slice(2));
