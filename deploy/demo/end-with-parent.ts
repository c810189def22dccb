/**
 * Loaded into each program of the demo before its own code: standard input is a pipe from the demo, and its end
 * means that the demo is gone, even if it was killed and could tell nobody.
 */
process.stdin.once('end', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();
// The pipe alone keeps nothing alive: a program that is done ends.
(process.stdin as typeof process.stdin & { unref?: () => void }).unref?.();
