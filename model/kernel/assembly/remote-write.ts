// Walks a `prometheus.WriteRequest` where it lies and writes its samples as columns. The fields of the
// messages are drawn in `model/remote-write.ts`, which reserves the regions and has the same layout of the
// request's header:
//
//   in    0 samples there is room for   4 series (u32 each)   8 timestamps (f64)   12 values (64 bits)
//         16 new series (24 bytes)   20 most samples   24 metadata there is room for   28 metadata (8 bytes)
//         32 most metadata
//   out   36 samples   40 series with samples   44 new series   48 metadata   52 exemplars   56 histograms
//         60 where the problem is, from the start of the body   64 and 68 what else there is to say of it
//
//   new series   0 start   4 end of its run of labels   8 end of the series
//                12 first sample   16 the one after its last   20 1 when its labels are apart from each other, else 0
//   metadata     0 start   4 end
//
// Everything is counted, and written as long as there is room: the host makes room and walks again. Every
// length is checked against the end of its message before anything is read behind it. An address of 0 says
// that there is a problem.
import { NONE, seriesFind, seriesGuess, seriesKeyLength, seriesTake } from './series-table';

/** Results; `model/remote-write.ts` has the same numbers. */
const OK: i32 = 0;
const LENGTH: i32 = 1;
const VARINT: i32 = 2;
const VALUE: i32 = 3;
const FIELD_ZERO: i32 = 4;
const FIELD_TOO_LARGE: i32 = 5;
const WIRE_TYPE: i32 = 6;
const CUT_SHORT: i32 = 7;
const SAMPLES: i32 = 8;
const METADATA: i32 = 9;

/** Tags of one byte: field number times 8 plus wire type. */
const TAG_SERIES: u8 = 0x0a;
const TAG_METADATA: u8 = 0x1a;
const TAG_LABEL: u8 = 0x0a;
const TAG_SAMPLE: u8 = 0x12;
const TAG_EXEMPLAR: u8 = 0x1a;
const TAG_HISTOGRAM: u8 = 0x22;
const TAG_VALUE: u8 = 0x09;
const TAG_TIMESTAMP: u8 = 0x10;

const NEW_SERIES_BYTES: usize = 24;

/** Of the walk under way: it never waits, so one of each is enough. */
let bodyStart: usize = 0;
let problem: i32 = OK;
let problemAt: u32 = 0;
let problemFirst: u32 = 0;
let problemSecond: u32 = 0;
let capacity: u32 = 0;
let samplesMax: u32 = 0;
let seriesColumn: usize = 0;
let timestampColumn: usize = 0;
let valueColumn: usize = 0;
let newSeriesList: usize = 0;
let samples: u32 = 0;
let seriesCount: u32 = 0;
let newSeries: u32 = 0;
let exemplars: u32 = 0;
let histograms: u32 = 0;
/** What `enter` found: the end of the field's content. */
let contentEnd: usize = 0;
/** What `varint` found: the low 64 bits, and whether there were more. */
let number: u64 = 0;
let isWide: bool = false;

/** Reads [body, body + length). Answers 0, or what is wrong with it. */
export function writeRequestWalk(request: usize, body: usize, length: usize, table: usize): i32 {
  bodyStart = body;
  problem = OK;
  capacity = load<u32>(request);
  seriesColumn = load<u32>(request, 4);
  timestampColumn = load<u32>(request, 8);
  valueColumn = load<u32>(request, 12);
  newSeriesList = load<u32>(request, 16);
  samplesMax = load<u32>(request, 20);
  const metadataCapacity = load<u32>(request, 24);
  const metadataList: usize = load<u32>(request, 28);
  const metadataMax = load<u32>(request, 32);
  samples = 0;
  seriesCount = 0;
  newSeries = 0;
  exemplars = 0;
  histograms = 0;
  let metadata: u32 = 0;
  const end = body + length;
  let at = body;
  while (at < end) {
    const tag = load<u8>(at);
    if (tag === TAG_SERIES) {
      at = enter(at, end);
      if (at !== 0) at = walkSeries(at, contentEnd, table);
    } else if (tag === TAG_METADATA) {
      at = enter(at, end);
      if (at !== 0 && metadata === metadataMax) at = fail(METADATA, at);
      if (at !== 0) {
        if (metadata < metadataCapacity) {
          store<u32>(metadataList + 8 * metadata, <u32>(at - body));
          store<u32>(metadataList + 8 * metadata, <u32>(contentEnd - body), 4);
        }
        metadata++;
        at = contentEnd;
      }
    } else at = skipField(at, end);
    if (at === 0) break;
  }
  store<u32>(request, samples, 36);
  store<u32>(request, seriesCount, 40);
  store<u32>(request, newSeries, 44);
  store<u32>(request, metadata, 48);
  store<u32>(request, exemplars, 52);
  store<u32>(request, histograms, 56);
  store<u32>(request, problemAt, 60);
  store<u32>(request, problemFirst, 64);
  store<u32>(request, problemSecond, 68);
  return problem;
}

/**
 * One TimeSeries. When it begins with the labels that are expected, they need no walk: the same bytes were
 * walked before, and they are the whole run unless another label follows.
 */
function walkSeries(start: usize, end: usize, table: usize): usize {
  let at = start;
  let guess = seriesGuess(table, start, end);
  if (guess !== 0) {
    at += seriesKeyLength(guess);
    if (at < end && load<u8>(at) === TAG_LABEL) {
      guess = 0;
      at = start;
    }
  }
  while (at < end && load<u8>(at) === TAG_LABEL) {
    if (enter(at, end) === 0) return 0;
    at = contentEnd;
  }
  const labelsEnd = at;
  const firstSample = samples;
  let labelsApart = false;
  while (at < end) {
    const tag = load<u8>(at);
    if (tag === TAG_SAMPLE) {
      at = enter(at, end);
      if (at !== 0) at = walkSample(at, contentEnd);
    } else if (tag === TAG_LABEL) {
      labelsApart = true;
      at = enter(at, end);
      if (at !== 0) at = contentEnd;
    } else {
      if (tag === TAG_EXEMPLAR) exemplars++;
      else if (tag === TAG_HISTOGRAM) histograms++;
      at = skipField(at, end);
    }
    if (at === 0) return 0;
  }
  if (samples === firstSample) return end;
  seriesCount++;
  if (!labelsApart) {
    const series = guess !== 0 ? seriesTake(table, guess) : seriesFind(table, start, labelsEnd - start);
    if (series !== NONE) {
      const known = samples < capacity ? samples : capacity;
      for (let i = firstSample; i < known; i++) store<u32>(seriesColumn + 4 * i, series);
      return end;
    }
  }
  // There is a sample for each, so the list of new series is as long as the columns.
  if (newSeries < capacity) {
    const entry = newSeriesList + NEW_SERIES_BYTES * newSeries;
    store<u32>(entry, <u32>(start - bodyStart));
    store<u32>(entry, <u32>(labelsEnd - bodyStart), 4);
    store<u32>(entry, <u32>(end - bodyStart), 8);
    store<u32>(entry, firstSample, 12);
    store<u32>(entry, samples, 16);
    store<u32>(entry, labelsApart ? 1 : 0, 20);
  }
  newSeries++;
  return end;
}

/** The two fields in any order, either absent (then it is 0), unknown ones passed over. */
function walkSample(at: usize, end: usize): usize {
  if (samples === samplesMax) return fail(SAMPLES, at);
  let value: u64 = 0;
  let timestamp: i64 = 0;
  while (at < end) {
    const tag = load<u8>(at);
    if (tag === TAG_VALUE) {
      at++;
      if (end - at < 8) return fail(VALUE, at);
      value = load<u64>(at);
      at += 8;
    } else if (tag === TAG_TIMESTAMP) {
      at = varint(at + 1, end);
      if (at === 0) return 0;
      timestamp = <i64>number;
    } else {
      at = skipField(at, end);
      if (at === 0) return 0;
    }
  }
  if (samples < capacity) {
    // Moved as an integer: a NaN that passes through a number may lose its payload.
    store<u64>(valueColumn + 8 * samples, value);
    store<f64>(timestampColumn + 8 * samples, <f64>timestamp);
  }
  samples++;
  return at;
}

/** From a length-delimited field's tag of one byte to its content. */
function enter(at: usize, end: usize): usize {
  const start = at + 1;
  let content = start + 1;
  let length: u64 = start < end ? load<u8>(start) : 0x80;
  if (length >= 0x80) {
    content = varint(start, end);
    if (content === 0) return 0;
    length = isWide ? u64.MAX_VALUE : number;
  }
  if (length > <u64>(end - content))
    return fail(LENGTH, start, length > u32.MAX_VALUE ? u32.MAX_VALUE : <u32>length, <u32>(end - content));
  contentEnd = content + <usize>length;
  return content;
}

/** Any field, known or not, of this message or a later version of it. */
function skipField(start: usize, end: usize): usize {
  let at = varint(start, end);
  if (at === 0) return 0;
  if (isWide || number > u32.MAX_VALUE) return fail(FIELD_TOO_LARGE, start);
  const field = <u32>number >> 3;
  const wireType = <u32>number & 7;
  if (field === 0) return fail(FIELD_ZERO, start);
  if (wireType === 0) return varint(at, end);
  let length: u64 = 0;
  if (wireType === 1) length = 8;
  else if (wireType === 5) length = 4;
  else if (wireType === 2) {
    at = varint(at, end);
    if (at === 0) return 0;
    length = isWide ? u64.MAX_VALUE : number;
  } else return fail(WIRE_TYPE, start, field, wireType);
  if (length > <u64>(end - at)) return fail(CUT_SHORT, start, field);
  return at + <usize>length;
}

function varint(start: usize, end: usize): usize {
  let value: u64 = 0;
  let shift: u64 = 0;
  for (let at = start; at < end && shift < 70; at++, shift += 7) {
    const byte: u64 = load<u8>(at);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      number = value;
      isWide = shift === 63 && byte > 1;
      return at + 1;
    }
  }
  return fail(VARINT, start);
}

function fail(what: i32, at: usize, first: u32 = 0, second: u32 = 0): usize {
  problem = what;
  problemAt = <u32>(at - bodyStart);
  problemFirst = first;
  problemSecond = second;
  return 0;
}
