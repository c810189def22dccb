// The kernels' table of contents: what this module exports to the host.
export { writeRequestWalk } from './remote-write';
export { seriesAdd, seriesFind, seriesMove } from './series-table';
export { snappyUncompress } from './snappy';
