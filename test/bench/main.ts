import { Command } from 'commander';
import { benchIngest } from './ingest.ts';

const program = new Command('bench').description('Benchmarks of whole processes; one JSON object each');

program
  .command('ingest')
  .description('remote write of 10,000 series: CPU and samples a second until they are durable')
  .option('--json', 'print the figures as one JSON object')
  .option('--peers <dir>', 'run Prometheus and VictoriaMetrics of DIR/usr/bin on the same bytes')
  .option('--steps <n>', 'samples of each series', (text) => Number.parseInt(text, 10), 200)
  .action(async ({ json, peers, steps }: { json?: boolean; peers?: string; steps: number }) => {
    const result = await benchIngest({ peers, steps });
    if (json) {
      console.log(JSON.stringify(result));
      return;
    }
    const rows = { karmascope: result.figures, ...result.peers };
    for (const [name, figures] of Object.entries(rows)) {
      const { cpu_us_per_sample, samples_per_second } = figures;
      console.log(
        `${name.padEnd(16)} ${cpu_us_per_sample} µs of CPU a sample, ${samples_per_second} samples/s`,
      );
    }
    console.log(`the loader alone ${result.figures.loader_ceiling_per_second} samples/s`);
  });

await program.parseAsync();
