/** Whether a sample's start timestamp says that its counter began anew after the sample before. 0 is unknown. */
export function isStartReset(
  previousStartMs: number,
  previousMs: number,
  startMs: number,
  timeMs: number,
): boolean {
  // Unknown, not before the sample itself (OpenTelemetry's way to say unknown), or before the last sample.
  if (startMs === 0 || startMs >= timeMs || startMs < previousMs) return false;
  if (startMs > previousMs) return true;
  // Starts where the last sample stands: a delta series, unless that one's start was unknown or wrong.
  return previousStartMs <= previousMs && previousStartMs !== 0 && previousStartMs !== previousMs;
}

/** Whether a sample claims time that the sample before covers, without being of the same counter. */
export function isOverlap(previousStartMs: number, previousMs: number, startMs: number): boolean {
  return startMs !== 0 && startMs < previousMs && startMs !== previousStartMs;
}
