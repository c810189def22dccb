#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { systemClock } from './runtime/clock.ts';
import { ConfigError } from './runtime/config.ts';
import { DirectoryError } from './runtime/directory.ts';
import { ListenError } from './runtime/http-server.ts';
import { shutdownSignal } from './runtime/lifecycle.ts';
import { createLogger, type LogLevel } from './runtime/logger.ts';
import { version } from './runtime/version.ts';

/** Exit codes: 0 all well, 1 it could not be done or something was found, 2 wrong usage or config. */
const FAILED = 1;
const USAGE = 2;

const logLevel = () =>
  new Option('--log.level <level>', 'what to log')
    .choices(['debug', 'info', 'warn', 'error'])
    .default('info');

const program = new Command('karmascope')
  .description('See a whole Karmada federation from one place.')
  .version(version, '--version')
  .exitOverride()
  .showHelpAfterError('(--help shows what there is)');

program
  .command('aggregator')
  .description('the hub: receives from all collectors, stores, answers PromQL, evaluates rules, pages')
  .option('--config.file <file>', 'configuration (YAML); without it: one local, trusted writer')
  .option('--storage.path <dir>', 'where the data lives', 'data')
  .option('--web.listen-address <address>', 'HOST:PORT of API and console', '127.0.0.1:9390')
  .addOption(logLevel())
  .action(async (flags) => {
    const [{ startAggregator }, { loadAggregatorConfig }] = await Promise.all([
      import('./aggregator/app.ts'),
      import('./aggregator/config.ts'),
    ]);
    const configFile: string | undefined = flags['config.file'];
    const logger = createLogger(flags['log.level'] as LogLevel);
    // Listening for signals comes first: one that arrives while it starts must stop it in order, too.
    const stopped = shutdownSignal();
    const app = await startAggregator({
      config: loadAggregatorConfig(configFile),
      configFile,
      storagePath: flags['storage.path'],
      listenAddress: flags['web.listenAddress'],
      logger,
      clock: systemClock,
    });
    await stopped;
    await app.stop();
  });

program
  .command('collector')
  .description('one per cluster: scrapes metrics, watches events, pushes to the hub')
  .requiredOption('--config.file <file>', 'configuration (YAML)')
  .option('--web.listen-address <address>', 'HOST:PORT of its own pages', '127.0.0.1:9391')
  .addOption(logLevel())
  .action(async (flags) => {
    const [{ startCollector }, { loadCollectorConfig }] = await Promise.all([
      import('./collector/app.ts'),
      import('./collector/config.ts'),
    ]);
    const logger = createLogger(flags['log.level'] as LogLevel);
    const stopped = shutdownSignal();
    const app = await startCollector({
      config: loadCollectorConfig(flags['config.file']),
      listenAddress: flags['web.listenAddress'],
      logger,
      clock: systemClock,
    });
    await stopped;
    await app.stop();
  });

program
  .command('demo')
  .description('a simulated federation of three regions, its collectors and the hub, all on this machine')
  .option('--web.listen-address <address>', 'HOST:PORT of the console', '127.0.0.1:9390')
  .option(
    '--storage.path <dir>',
    "keep the hub's data here (default: a temporary folder, removed at the end)",
  )
  .option('--clusters-per-region <n>', 'member clusters in each region', positiveInteger, 2)
  .option('--nodes <n>', 'nodes of each cluster', positiveInteger, 12)
  .option('--workloads <n>', 'Deployments in the federation', positiveInteger, 40)
  .option('--seed <n>', 'of the simulation', positiveInteger, 1)
  .addOption(
    new Option(
      '--alertmanager <which>',
      'page a real Alertmanager where one is installed, or the built-in receiver',
    )
      .choices(['auto', 'builtin'])
      .default('auto'),
  )
  .addOption(logLevel().default('warn'))
  .action(async (flags) => {
    const { runDemo } = await import('./deploy/demo.ts');
    process.exitCode = await runDemo({
      listenAddress: flags['web.listenAddress'],
      storagePath: flags['storage.path'],
      clustersPerRegion: flags['clustersPerRegion'],
      nodes: flags['nodes'],
      workloads: flags['workloads'],
      seed: flags['seed'],
      alertmanager: flags['alertmanager'],
      logger: createLogger(flags['log.level'] as LogLevel),
    });
  });

program
  .command('check-config')
  .description('check configuration files of aggregators and collectors')
  .argument('<file...>')
  .action(async (files: string[]) => {
    const { checkConfigCommand } = await import('./deploy/check-config.ts');
    process.exitCode = checkConfigCommand(files, process.stdout);
  });

program
  .command('check-rules')
  .description('check rule files: form, expressions, templates')
  .argument('<file...>')
  .action(async (files: string[]) => {
    const { checkRulesCommand } = await import('./aggregator/rules/check-command.ts');
    process.exitCode = checkRulesCommand(files, process.stdout);
  });

program
  .command('query')
  .description('ask any Prometheus API: an instant query, or a range with --start and --end')
  .argument('<expr>', 'PromQL')
  .option('--server <url>', 'whom to ask', 'http://127.0.0.1:9390')
  .option('--time <time>', 'instant: RFC3339 or seconds; default: now')
  .option('--start <time>', 'range: from')
  .option('--end <time>', 'range: to; default: now')
  .option('--step <duration>', 'range: between points; default: 60 points')
  .addOption(
    new Option('-o, --output <form>', 'how to print').choices(['table', 'json', 'csv']).default('table'),
  )
  .action(async (expression: string, flags) => {
    const { queryCommand } = await import('./aggregator/api/query-command.ts');
    process.exitCode = await queryCommand({
      expression,
      ...flags,
      stdout: process.stdout,
      stderr: process.stderr,
    });
  });

const dashboards = program.command('dashboards').description('the Grafana dashboards');
dashboards
  .command('export')
  .description('write the dashboards as JSON files')
  .requiredOption('--dir <dir>', 'where to')
  .action(async ({ dir }: { dir: string }) => {
    const { exportDashboards } = await import('./dashboards/grafana/export.ts');
    for (const file of await exportDashboards(dir)) console.log(file);
  });

const slo = program.command('slo').description('service level objectives');
slo
  .command('list')
  .description('what a hub says of its objectives')
  .option('--server <url>', 'the hub', 'http://127.0.0.1:9390')
  .addOption(new Option('-o, --output <form>', 'how to print').choices(['table', 'json']).default('table'))
  .action(async (flags) => {
    const { sloListCommand } = await import('./aggregator/slo/list-command.ts');
    process.exitCode = await sloListCommand({ ...flags, stdout: process.stdout, stderr: process.stderr });
  });
slo
  .command('validate')
  .description('check OpenSLO files')
  .argument('<file...>')
  .action(async (files: string[]) => {
    const { sloValidateCommand } = await import('./aggregator/slo/validate-command.ts');
    process.exitCode = sloValidateCommand(files, process.stdout);
  });

program
  .command('version')
  .description('print the version')
  .action(() =>
    console.log(`karmascope ${version} (node ${process.version}, ${process.platform}/${process.arch})`),
  );

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is no whole number above 0.');
  return value;
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed what is wrong; asking for help or the version is no fault.
    process.exitCode = error.exitCode === 0 ? 0 : USAGE;
  } else if (error instanceof ConfigError) {
    console.error(error.message);
    process.exitCode = USAGE;
  } else if (
    error instanceof ListenError ||
    error instanceof DirectoryError ||
    (error instanceof Error && error.name === 'StoreOpenError')
  ) {
    console.error(error.message);
    process.exitCode = FAILED;
  } else {
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    process.exitCode = FAILED;
  }
}
