// The kernels' table of contents: what this module exports to the host.
export { snappyUncompress } from './snappy';
