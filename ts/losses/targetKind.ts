// Which kind of classification shapes speak of: what "accuracy" and "crossentropy" mean in `compile`.

/**
 * `"binary"` when predictions have one number per sample; `"sparse"` when targets have an axis less, or one label where predictions have
 * several classes; else `"categorical"`. Shapes include the batch axis.
 */
export function targetKind(yTrueShape: readonly number[], yPredShape: readonly number[]): "binary" | "sparse" | "categorical" {
  const classes = yPredShape.at(-1) ?? 1;
  if (classes === 1) return "binary";
  return yTrueShape.length < yPredShape.length || (yTrueShape.at(-1) === 1 && classes > 1) ? "sparse" : "categorical";
}
