// Products against naive sums: matmul of any rank, einsum, norms; softmax, normalizations and losses against their formulas.

import { grad, ops, ShapeError, type Tensor } from "keratin";
import { describe, expect, test } from "vitest";
import { at, gradientHolds, make, type Numbers, near, positions, sample } from "./opsSupport.js";

/** Einstein's sum, one product at a time. */
function naive(subscripts: string, ...operands: Tensor[]): number[] {
  const [left, output] = subscripts.split("->") as [string, string];
  const terms = left.split(",");
  const sizes = new Map<string, number>();
  terms.forEach((term, i) =>
    [...term].forEach((label, axis) => {
      const size = operands[i]!.shape[axis]!;
      if (size !== 1 || !sizes.has(label)) sizes.set(label, size); // an axis of 1 broadcasts
    }),
  );
  const labels = [...sizes.keys()];
  const shape = [...output].map((label) => sizes.get(label)!);
  const y = Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0);
  for (const p of positions([...sizes.values()])) {
    const value = (label: string): number => p[labels.indexOf(label)]!;
    const flat = [...output].reduce((n, label, i) => n * shape[i]! + value(label), 0);
    y[flat]! += terms.reduce((product, term, i) => {
      const place = [...term].map((label, axis) => (operands[i]!.shape[axis] === 1 ? 0 : value(label)));
      return product * at(operands[i]!, place);
    }, 1);
  }
  return y;
}

describe("einsum", () => {
  const CASES: [string, ...Numbers[]][] = [
    ["ij,jk->ik", [3, 4], [4, 5]],
    ["bij,bkj->bik", [2, 3, 4], [2, 5, 4]],
    ["ij,jk->ki", [3, 4], [4, 5]],
    ["bhqd,bkhd->bhqk", [2, 3, 4, 5], [2, 4, 3, 5]],
    ["ii->i", [3, 3]],
    ["ii->", [3, 3]],
    ["iji->j", [3, 4, 3]],
    ["ij->ji", [3, 4]],
    ["ij->", [3, 4]],
    ["i,j->ij", [3], [5]],
    ["i,i->", [5], [5]],
    ["ij,j->i", [3, 4], [4]],
    ["ij,ij->ij", [3, 4], [3, 1]],
    ["ab,bc,cd->ad", [2, 3], [3, 4], [4, 2]],
    ["ab,cd,bc->da", [2, 3], [4, 2], [3, 4]],
    ["ijk,k->ij", [2, 3, 4], [4]],
    ["ij,kl->jl", [2, 3], [4, 5]],
    ["ij,jk->ik", [3, 0], [0, 2]],
  ];
  test.each(CASES)("%s", (subscripts, ...shapes) => {
    const operands = shapes.map((s, i) => sample(s, i));
    near(ops.reshape(ops.einsum(subscripts, ...operands), [-1]), naive(subscripts, ...operands), 1e-5);
    if (operands[0]!.size > 0) gradientHolds((x) => ops.einsum(subscripts, x, ...operands.slice(1)), operands[0]!);
  });
  test("ellipses stand for leading axes, which broadcast", () => {
    const [a, b] = [sample([2, 3, 4]), sample([5, 1, 4, 2], 1)];
    expect(ops.einsum("...ij->...ji", a).shape).toEqual([2, 4, 3]);
    near(ops.einsum("...ij,...jk->...ik", a, b), ops.matmul(a, b).array(), 1e-5);
    expect(ops.einsum("i...,j...", sample([2, 3]), sample([4, 3])).shape).toEqual([3, 2, 4]);
  });
  test("integers stay integers", () => {
    const y = ops.einsum("ij,jk->ik", make([1, 2, 3, 4], [2, 2], "int32"), make([5, 6, 7, 8], [2, 2], "int32"));
    expect(y.dtype).toBe("int32");
    near(y, [19, 22, 43, 50]);
  });
  test("says what does not parse or fit", () => {
    expect(() => ops.einsum("ij,jk->ik", sample([2, 2]))).toThrow(/2 terms, but 1 tensors/);
    expect(() => ops.einsum("ij->ik", sample([2, 2]))).toThrow(/the result's "k" is in no term/);
    expect(() => ops.einsum("ij,jk->ik", sample([2, 3]), sample([4, 2]))).toThrow(/"j" names axes of sizes 3 and 4/);
    expect(() => ops.einsum("ijk", sample([2, 2]))).toThrow(/does not name the 2 axes of shape \[2, 2\]/);
  });
});

test.each([
  ["ij,jk->ik", [17, 5], [5, 3]],
  ["aij,jk->aik", [2, 3, 4], [4, 5]],
  ["abij,bjk->abik", [2, 3, 1, 4], [3, 4, 5]],
  ["j,jk->k", [4], [4, 3]],
  ["aij,j->ai", [2, 3, 4], [4]],
  ["j,j->", [5], [5]],
  ["j,ajk->ak", [4], [2, 4, 3]],
] as [string, Numbers, Numbers][])("matmul as %s", (subscripts, left, right) => {
  const [a, b] = [sample(left), sample(right, 1)];
  near(ops.ravel(ops.matmul(a, b)), naive(subscripts, a, b), 1e-5);
  gradientHolds((x) => ops.matmul(x, b), a);
  gradientHolds((x) => ops.matmul(a, x), b);
});

test("matmul names both shapes when the inner sizes differ", () => {
  expect(() => ops.matmul(sample([32, 10]), sample([12, 64]))).toThrow(ShapeError);
  expect(() => ops.matmul(sample([2, 32, 10]), sample([12, 64]))).toThrow(
    "matmul: inner sizes differ: [2, 32, 10] · [12, 64] (10 ≠ 12).",
  );
});

test("the family of products", () => {
  const [a, b] = [sample([2, 3, 4]), sample([4, 3, 5], 1)];
  near(
    ops.ravel(
      ops.tensordot(a, b, {
        axes: [
          [1, 2],
          [1, 0],
        ],
      }),
    ),
    naive("ijk,kjl->il", a, b),
    1e-5,
  );
  near(
    ops.ravel(ops.dot(sample([2, 3]), sample([4, 3, 5], 1))),
    naive("ij,kjl->ikl", sample([2, 3]), sample([4, 3, 5], 1)),
    1e-5,
  );
  near(ops.outer([1, 2], [3, 4]), [3, 4, 6, 8]);
  near(
    ops.inner(
      [
        [1, 2],
        [3, 4],
      ],
      [5, 6],
    ),
    [17, 39],
  );
  near(ops.vdot([[1, 2]], [[3, 4]]), 11);
  near(ops.cross([1, 2, 3], [4, 5, 6]), [-3, 6, -3]);
  near(ops.cross([1, 2], [4, 5]), -3);
  near(ops.kron([[1, 2]], [[1], [3]]), [1, 2, 3, 6]);
  near(ops.matmul(make([1, 2], [1, 2], "int32"), make([3, 4], [2, 1], "int32")), [11]);
});

test("norms of vectors and matrices", () => {
  const x = [
    [1, -2],
    [-3, 4],
  ];
  near([ops.norm(x), ops.norm(x, { ord: "fro", axis: [0, 1] })], [Math.sqrt(30), Math.sqrt(30)]);
  near(ops.norm(x, { ord: 1, axis: 1 }), [3, 7]);
  near(ops.norm(x, { ord: 3, axis: 0 }), [28 ** (1 / 3), 72 ** (1 / 3)]);
  near(ops.norm(x, { ord: Infinity, axis: 0 }), [3, 4]);
  near([ops.norm(x, { ord: 1, axis: [0, 1] }), ops.norm(x, { ord: Infinity, axis: [0, 1] })], [6, 7]);
  expect(() => ops.norm(x, { ord: "nuc" })).toThrow(/order "nuc" of matrices is not computed/);
});

test("softmax sums to 1 over one axis, several, or all", () => {
  const x = sample([2, 3, 4]);
  for (const axis of [-1, 0, 1, [0, 2], null] as const) {
    const y = ops.softmax(x, { axis });
    near(ops.sum(y, { axis }), ops.ones(ops.sum(y, { axis }).shape).array());
    near(ops.exp(ops.logSoftmax(x, { axis })), y.array());
    gradientHolds((t) => ops.softmax(t, { axis }), x);
  }
  near(ops.softmax([1000, 1000]), [0.5, 0.5]);
});

test("sparsemax is the nearest point of the simplex", () => {
  near(ops.sparsemax([0, 2]), [0, 1]);
  near(ops.sparsemax([0.5, 0.9, -1]), [0.3, 0.7, 0]);
  gradientHolds((t) => ops.sparsemax(t), make([0.5, 0.9, -1], [3]));
});

test("normalizations are their formulas", () => {
  const x = sample([3, 4]);
  const [gamma, beta] = [
    [1.5, -0.5, 0.7, 2],
    [0.1, 0.2, 0.3, 0.4],
  ];
  const y = ops.layerNormalization(x, { gamma, beta, epsilon: 1e-3 });
  const expected = positions([3, 4]).map(([r, c]) => {
    const row = [0, 1, 2, 3].map((k) => at(x, [r!, k]));
    const mean = row.reduce((a, b) => a + b, 0) / 4;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / 4;
    return ((at(x, [r!, c!]) - mean) / Math.sqrt(variance + 1e-3)) * gamma[c!]! + beta[c!]!;
  });
  near(y, expected, 1e-5);
  gradientHolds((t) => ops.layerNormalization(t, { gamma, beta, epsilon: 1e-3 }), x);
  gradientHolds((t) => ops.rmsNormalization(t, { scale: gamma }), x);
  near(ops.batchNormalization([[1, 2]], [0, 1], [3, 1], 1, { scale: [2, 2], offset: [1, 0], epsilon: 1 }), [2, Math.SQRT2]);
  near(
    ops.normalize([
      [3, 4],
      [0, 0],
    ]),
    [0.6, 0.8, 0, 0],
  );
  near(
    ops.moments(
      [
        [1, 3],
        [5, 9],
      ],
      [1],
    ),
    [2, 7, 1, 4],
  );
});

test("losses are their formulas, and say which shapes they need", () => {
  near(ops.binaryCrossentropy([1, 0], [0.8, 0.3]), [-Math.log(0.8), -Math.log(0.7)]);
  near(ops.binaryCrossentropy([1], [-100], { fromLogits: true }), [100]);
  near(ops.categoricalCrossentropy([[0, 1]], [[2, 6]]), [-Math.log(0.75)]);
  near(
    ops.sparseCategoricalCrossentropy(
      [1, 7],
      [
        [0.25, 0.75],
        [0.5, 0.5],
      ],
    ),
    [-Math.log(0.75), 0],
  );
  gradientHolds((t) => ops.sparseCategoricalCrossentropy([1, 0], t, { fromLogits: true }), sample([2, 3]));
  expect(() => ops.sparseCategoricalCrossentropy([1, 2, 3], sample([2, 3]))).toThrow(/target of shape \[3\], expected \[2\]/);
});

test("ctcLoss adds up the probabilities of all readings", () => {
  // Two steps spell "1" by 1·1, 1·blank, blank·1.
  const p = [
    [
      [0.6, 0.4],
      [0.7, 0.3],
    ],
  ];
  near(ops.ctcLoss([[1]], ops.log(p), [1], [2]), [-Math.log(0.4 * 0.3 + 0.4 * 0.7 + 0.6 * 0.3)], 1e-5);
  gradientHolds((x) => ops.ctcLoss([[1, 2]], x, [2], [4]), sample([1, 5, 3]));
});

test("attention is softmax(Q·Kᵀ/√d)·V, causal or masked, with fewer heads of keys", () => {
  const [q, k, v] = [sample([2, 3, 4, 5]), sample([2, 6, 2, 5], 1), sample([2, 6, 2, 5], 2)];
  const [kk, vv] = [ops.repeat(k, 2, { axis: 2 }), ops.repeat(v, 2, { axis: 2 })];
  const scores = ops.divide(ops.einsum("btnh,bsnh->bnts", q, kk), Math.sqrt(5));
  near(ops.dotProductAttention(q, k, v), ops.einsum("bnts,bsnh->btnh", ops.softmax(scores), vv).array(), 1e-5);
  const causal = ops.dotProductAttention(q, k, v, { isCausal: true });
  near(ops.take(causal, 0, { axis: 1 }), ops.take(vv, 0, { axis: 1 }).array(), 1e-5); // the first query sees the first key alone
  gradientHolds((x) => ops.dotProductAttention(x, k, v, { isCausal: true }), q);
});

test("a product of matrices has second derivatives", () => {
  // d²/dx² Σ (x·x) for a 1×1 matrix is 2
  const f = (x: Tensor): Tensor => ops.sum(ops.matmul(x, x));
  near(grad((x: Tensor) => ops.sum(grad(f)(x)))(make([3], [1, 1])), [2]);
});
