import { parseArgs } from 'node:util';
import { systemClock } from '../../runtime/clock.ts';
import { createLogger } from '../../runtime/logger.ts';
import { startSimulator } from './simulator.ts';
import { defaultSimulatorOptions, type SimulatorOptions } from './topology.ts';

/**
 * The federation as a process of its own: `node deploy/simulator/main.ts --nodes=3 --seed=7`. One line of JSON on
 * standard output says where everything is; it ends with SIGTERM, and when its standard input ends, so that it
 * never outlives who started it.
 */
const { values } = parseArgs({
  options: Object.fromEntries(
    Object.keys(defaultSimulatorOptions).map((name) => [name, { type: 'string' as const }]),
  ),
});
const size = { ...defaultSimulatorOptions };
for (const [name, text] of Object.entries(values)) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    console.error(`Cannot start the simulator: --${name}=${text} is not a whole number from 1 on`);
    process.exit(2);
  }
  size[name as keyof SimulatorOptions] = value;
}
const simulator = await startSimulator({ size, clock: systemClock, logger: createLogger('warn') });
console.log(JSON.stringify(simulator.addresses));
const stop = () => void simulator.stop().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdin.once('end', stop).resume();
