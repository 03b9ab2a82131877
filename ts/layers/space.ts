// SpaceLayer: what layers over axes of space share that have no weights: the data format, and output shapes found axis by axis.

import type { PartialShape, Structure } from "../core/structure.js";
import { channelAxis, type DataFormat, dataFormatOf, spaceOf } from "../ops/window.js";
import { checkInputs, InputSpec } from "./inputSpec.js";
import { classNameOf, Layer, type LayerOptions } from "./layer.js";

export interface SpaceOptions extends LayerOptions {
  /** `"channels_last"`: [batch, …space, channels]; `"channels_first"`: [batch, channels, …space]. */
  dataFormat?: DataFormat | null;
}

/** A layer whose inputs are a batch with channels and axes of space, as many as the class' `rank`. */
export abstract class SpaceLayer extends Layer {
  static override readonly samplesApart: boolean = true;
  /** The number of axes of space. */
  static readonly rank: number = 0;
  readonly dataFormat: DataFormat;

  constructor(options: SpaceOptions = {}) {
    super(options);
    this.dataFormat = dataFormatOf(classNameOf(this), options.dataFormat);
    this.inputSpec = new InputSpec({ ndim: this.rank + 2 });
  }

  protected get rank(): number {
    return (this.constructor as typeof SpaceLayer).rank;
  }

  /** The sizes of the axes of space in the output; null stays null. `shape` is for messages. Errors: `ShapeError` when nothing is left. */
  protected abstract outputSpace(space: PartialShape, shape: PartialShape): PartialShape;

  // Not by tracing: what an unknown size becomes depends on no stand-in.
  override computeOutputShape(inputShape: Structure<PartialShape>): Structure<PartialShape> {
    const shape = inputShape as PartialShape;
    checkInputs(this.inputSpec, [{ shape }], this.name);
    const space = this.outputSpace(spaceOf(shape, this.dataFormat), shape);
    const channels = shape[channelAxis(shape.length, this.dataFormat)]!;
    return this.dataFormat === "channels_last" ? [shape[0]!, ...space, channels] : [shape[0]!, channels, ...space];
  }
}
