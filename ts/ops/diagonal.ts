// Diagonals and triangles of matrices.

import { apply } from "../core/apply.js";
import { coreDType, type EdgeDType } from "../core/dtype.js";
import { checkOptions, ShapeError, ValueError } from "../errors.js";
import { op } from "../symbolic/operation.js";
import { Tensor, type TensorLike, tensor } from "../tensor.js";
import { axisOf, choose, filled, reshapeTo, showShape, sliceAxis, transposeTo, wholeNumber } from "./basics.js";
import { reduce } from "./reduction.js";
import { ravel } from "./view.js";

/** Which places of n × m lie on or below diagonal k: row + k ≥ column. */
function lower(n: number, m: number, k: number): Tensor {
  return new Tensor(
    Uint8Array.from({ length: n * m }, (_, i) => (Math.floor(i / m) + k >= i % m ? 1 : 0)),
    [n, m],
    { dtype: "bool" },
  );
}

/** The triangle on and below diagonal `k` of the last two axes; zeros above. `ops.tril([[1, 2], [3, 4]]) // [[1, 0], [3, 4]]` */
export const tril = op("tril", (x: TensorLike, options: { k?: number } = {}): Tensor => {
  checkOptions("tril", options, ["k"]);
  const t = matrix("tril", x);
  return choose(lower(t.shape.at(-2)!, t.shape.at(-1)!, options.k ?? 0), t, filled([], 0, t.dtype));
});

/** The triangle on and above diagonal `k` of the last two axes; zeros below. `ops.triu([[1, 2], [3, 4]]) // [[1, 2], [0, 4]]` */
export const triu = op("triu", (x: TensorLike, options: { k?: number } = {}): Tensor => {
  checkOptions("triu", options, ["k"]);
  const t = matrix("triu", x);
  return choose(lower(t.shape.at(-2)!, t.shape.at(-1)!, (options.k ?? 0) - 1), filled([], 0, t.dtype), t);
});

function matrix(where: string, x: TensorLike): Tensor {
  const t = tensor(x);
  if (t.ndim < 2) throw new ShapeError(`${where}: expected a matrix or a batch of them, received shape ${showShape(t.shape)}.`);
  return t;
}

/** Ones on and below diagonal `k`, zeros above: `[N, M]`. `ops.tri(2) // [[1, 0], [1, 1]]` */
export const tri = op("tri", (N: number, options: { M?: number | null; k?: number; dtype?: EdgeDType | null } = {}): Tensor => {
  checkOptions("tri", options, ["M", "k", "dtype"]);
  const n = wholeNumber("tri", "N", N);
  const mask = lower(n, wholeNumber("tri", "M", options.M ?? n), options.k ?? 0);
  return new Tensor(mask.data, mask.shape, { dtype: coreDType(options.dtype ?? "float32") });
});

/** A vector as diagonal `k` of a square matrix, or the diagonal of a matrix. `ops.diag([1, 2]) // [[1, 0], [0, 2]]` */
export const diag = op("diag", (x: TensorLike, options: { k?: number } = {}): Tensor => {
  checkOptions("diag", options, ["k"]);
  const t = tensor(x);
  const { k = 0 } = options;
  if (t.ndim === 2) return diagonal(t, { offset: k });
  if (t.ndim !== 1) throw new ShapeError(`diag: expected a vector or a matrix, received shape ${showShape(t.shape)}.`);
  // Row-major, the diagonal of n × n is every (n + 1)-th element: pad between the elements, then fold into rows.
  const n = t.size;
  const size = n + Math.abs(k);
  if (n === 0) return filled([size, size], 0, t.dtype);
  const first = k >= 0 ? k : -k * size;
  const behind = size * size - first - (n + (n - 1) * size);
  return reshapeTo(apply("pad", [t], { ints: [first, behind, size], floats: [0] }), [size, size]);
});

/** All elements as diagonal `k` of a square matrix. `ops.diagflat([[1, 2]]) // [[1, 0], [0, 2]]` */
export const diagflat = op("diagflat", (x: TensorLike, options: { k?: number } = {}): Tensor => diag(ravel(x), options));

export interface DiagonalOptions {
  /** Above (> 0) or below (< 0) the main diagonal. */
  offset?: number;
  axis1?: number;
  axis2?: number;
}

/** The diagonal of a plane of axes, which becomes the last axis. `ops.diagonal([[1, 2], [3, 4]]) // [1, 4]` */
export const diagonal = op("diagonal", (x: TensorLike, options: DiagonalOptions = {}): Tensor => {
  checkOptions("diagonal", options, ["offset", "axis1", "axis2"]);
  const t = matrix("diagonal", x);
  const { offset = 0 } = options;
  const [a, b] = [axisOf("diagonal", options.axis1 ?? 0, t.ndim), axisOf("diagonal", options.axis2 ?? 1, t.ndim)];
  if (a === b) throw new ValueError("diagonal: axis1 and axis2 are one axis; a plane needs two.");
  const lead = t.shape.map((_, i) => i).filter((i) => i !== a && i !== b);
  const planes = transposeTo(t, [...lead, a, b]);
  const [rows, columns] = [t.shape[a]!, t.shape[b]!];
  const sizes = lead.map((i) => t.shape[i]!);
  const size = Math.max(0, Math.min(rows + Math.min(offset, 0), columns - Math.max(offset, 0)));
  const flat = reshapeTo(planes, [...sizes, rows * columns]);
  return sliceAxis(flat, sizes.length, offset >= 0 ? offset : -offset * columns, size, columns + 1);
});

/** The sum of a diagonal. `ops.trace([[1, 2], [3, 4]]) // 5` */
export const trace = op("trace", (x: TensorLike, options: DiagonalOptions = {}): Tensor => {
  checkOptions("trace", options, ["offset", "axis1", "axis2"]);
  return reduce("sum", diagonal(x, options), -1);
});
