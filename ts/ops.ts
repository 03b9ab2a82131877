// The namespace `ops`: the functions of `keras.ops`, in camelCase. Required arguments are positional, all others one options object, last.

export * from "./ops/activation.js";
export * from "./ops/arithmetic.js";
export { type Axis, cast, type Shape } from "./ops/basics.js";
export * from "./ops/control.js";
export {
  type ConvOptions,
  type ConvTransposeOptions,
  conv,
  convTranspose,
  depthwiseConv,
  fold,
  separableConv,
  type UnfoldOptions,
  unfold,
} from "./ops/conv.js";
export * from "./ops/creation.js";
export * from "./ops/diagonal.js";
export { nonzero, type UniqueOptions, unique } from "./ops/dynamic.js";
export * from "./ops/einsum.js";
export * as image from "./ops/image.js";
export {
  getItem,
  isin,
  type Key,
  multiHot,
  type OneHotOptions,
  oneHot,
  select,
  slice,
  sliceUpdate,
  take,
  takeAlongAxis,
  unravelIndex,
  where,
} from "./ops/indexing.js";
export {
  append,
  arraySplit,
  concatenate,
  dsplit,
  dstack,
  hsplit,
  hstack,
  type PadMode,
  pad,
  repeat,
  split,
  stack,
  tile,
  unstack,
  vsplit,
  vstack,
} from "./ops/join.js";
export {
  type CrossOptions,
  cross,
  dot,
  inner,
  kron,
  matmul,
  type NormOrder,
  norm,
  outer,
  tensordot,
  vdot,
} from "./ops/linalg.js";
export * from "./ops/logic.js";
export * from "./ops/nn.js";
export * from "./ops/pooling.js";
export {
  type AxisOptions,
  all,
  amax,
  amin,
  any,
  argmax,
  argmin,
  countNonzero,
  cumprod,
  cumsum,
  type ExtremeOptions,
  logsumexp,
  max,
  mean,
  min,
  nanargmax,
  nanargmin,
  nancumprod,
  nancumsum,
  nanmax,
  nanmean,
  nanmin,
  nanprod,
  nanstd,
  nansum,
  nanvar,
  type OneAxisOptions,
  prod,
  ptp,
  type RunningOptions,
  std,
  sum,
  var,
} from "./ops/reduction.js";
export * from "./ops/scatter.js";
export * from "./ops/sorting.js";
export * from "./ops/statistics.js";
export * from "./ops/unary.js";
export * from "./ops/view.js";
