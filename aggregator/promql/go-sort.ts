/**
 * Go's sort.Sort and container/heap, step for step: which of several equal elements comes first, and what
 * NaN does to the order, is visible in the answers of topk, sort and quantile.
 */
export interface Sortable {
  readonly length: number;
  less(i: number, j: number): boolean;
  swap(i: number, j: number): void;
}

/** Pattern-defeating quicksort; up to 12 elements it is insertion sort, and so stable. */
export function goSort(data: Sortable): void {
  const n = data.length;
  quickSort(data, 0, n, n === 0 ? 0 : 32 - Math.clz32(n));
}

/** Restores the heap after an element was appended. */
export function heapUp(data: Sortable, index: number): void {
  let child = index;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (!data.less(child, parent)) break;
    data.swap(parent, child);
    child = parent;
  }
}

/** Restores the heap after its first element was replaced. */
export function heapDown(data: Sortable): void {
  let root = 0;
  for (;;) {
    let child = 2 * root + 1;
    if (child >= data.length) break;
    if (child + 1 < data.length && data.less(child + 1, child)) child++;
    if (!data.less(child, root)) break;
    data.swap(root, child);
    root = child;
  }
}

function quickSort(data: Sortable, from: number, to: number, limit: number): void {
  let wasBalanced = true;
  let wasPartitioned = true;
  let a = from;
  let b = to;
  for (;;) {
    const length = b - a;
    if (length <= 12) {
      insertionSort(data, a, b);
      return;
    }
    if (limit === 0) {
      heapSort(data, a, b);
      return;
    }
    if (!wasBalanced) {
      breakPatterns(data, a, b);
      limit--;
    }
    let [pivot, hint] = choosePivot(data, a, b);
    if (hint === 'decreasing') {
      for (let i = a, j = b - 1; i < j; i++, j--) data.swap(i, j);
      pivot = b - 1 - (pivot - a);
      hint = 'increasing';
    }
    if (wasBalanced && wasPartitioned && hint === 'increasing' && partialInsertionSort(data, a, b)) return;
    if (a > 0 && !data.less(a - 1, pivot)) {
      a = partitionEqual(data, a, b, pivot);
      continue;
    }
    const [middle, alreadyPartitioned] = partition(data, a, b, pivot);
    wasPartitioned = alreadyPartitioned;
    const left = middle - a;
    const right = b - middle;
    wasBalanced = Math.min(left, right) >= Math.floor(length / 8);
    if (left < right) {
      quickSort(data, a, middle, limit);
      a = middle + 1;
    } else {
      quickSort(data, middle + 1, b, limit);
      b = middle;
    }
  }
}

function insertionSort(data: Sortable, a: number, b: number): void {
  for (let i = a + 1; i < b; i++) for (let j = i; j > a && data.less(j, j - 1); j--) data.swap(j, j - 1);
}

function heapSort(data: Sortable, a: number, b: number): void {
  const length = b - a;
  for (let i = (length - 1) >> 1; i >= 0; i--) siftDown(data, i, length, a);
  for (let i = length - 1; i >= 0; i--) {
    data.swap(a, a + i);
    siftDown(data, 0, i, a);
  }
}

function siftDown(data: Sortable, low: number, high: number, first: number): void {
  let root = low;
  for (;;) {
    let child = 2 * root + 1;
    if (child >= high) return;
    if (child + 1 < high && data.less(first + child, first + child + 1)) child++;
    if (!data.less(first + root, first + child)) return;
    data.swap(first + root, first + child);
    root = child;
  }
}

function partition(data: Sortable, a: number, b: number, pivot: number): [middle: number, sorted: boolean] {
  data.swap(a, pivot);
  let i = a + 1;
  let j = b - 1;
  while (i <= j && data.less(i, a)) i++;
  while (i <= j && !data.less(j, a)) j--;
  if (i > j) {
    data.swap(j, a);
    return [j, true];
  }
  data.swap(i++, j--);
  for (;;) {
    while (i <= j && data.less(i, a)) i++;
    while (i <= j && !data.less(j, a)) j--;
    if (i > j) break;
    data.swap(i++, j--);
  }
  data.swap(j, a);
  return [j, false];
}

/** Puts what equals the pivot first; nothing in the range is smaller than it. */
function partitionEqual(data: Sortable, a: number, b: number, pivot: number): number {
  data.swap(a, pivot);
  let i = a + 1;
  let j = b - 1;
  for (;;) {
    while (i <= j && !data.less(a, i)) i++;
    while (i <= j && data.less(a, j)) j--;
    if (i > j) return i;
    data.swap(i++, j--);
  }
}

/** Whether a few exchanges were enough to sort the range. */
function partialInsertionSort(data: Sortable, a: number, b: number): boolean {
  let i = a + 1;
  for (let step = 0; step < 5; step++) {
    while (i < b && !data.less(i, i - 1)) i++;
    if (i === b) return true;
    if (b - a < 50) return false;
    data.swap(i, i - 1);
    if (i - a >= 2) for (let j = i - 1; j >= 1 && data.less(j, j - 1); j--) data.swap(j, j - 1);
    if (b - i >= 2) for (let j = i + 1; j < b && data.less(j, j - 1); j++) data.swap(j, j - 1);
  }
  return false;
}

function breakPatterns(data: Sortable, a: number, b: number): void {
  const length = b - a;
  if (length < 8) return;
  let random = BigInt(length);
  const mask = 2 ** (32 - Math.clz32(length)) - 1;
  const middle = a + Math.floor(length / 4) * 2;
  for (let index = middle - 1; index <= middle + 1; index++) {
    random ^= BigInt.asUintN(64, random << 13n);
    random ^= random >> 7n;
    random ^= BigInt.asUintN(64, random << 17n);
    let other = Number(random & BigInt(mask));
    if (other >= length) other -= length;
    data.swap(index, a + other);
  }
}

type Hint = 'increasing' | 'decreasing' | 'unknown';

function choosePivot(data: Sortable, a: number, b: number): [pivot: number, hint: Hint] {
  const length = b - a;
  const quarter = Math.floor(length / 4);
  let swaps = 0;
  const median = (x: number, y: number, z: number): number => {
    if (data.less(y, x)) {
      swaps++;
      [x, y] = [y, x];
    }
    if (data.less(z, y)) {
      swaps++;
      [y, z] = [z, y];
    }
    if (data.less(y, x)) {
      swaps++;
      [x, y] = [y, x];
    }
    return y;
  };
  let i = a + quarter;
  let j = a + quarter * 2;
  let k = a + quarter * 3;
  if (length >= 8) {
    if (length >= 50) {
      i = median(i - 1, i, i + 1);
      j = median(j - 1, j, j + 1);
      k = median(k - 1, k, k + 1);
    }
    j = median(i, j, k);
  }
  return [j, swaps === 0 ? 'increasing' : swaps === 12 ? 'decreasing' : 'unknown'];
}
