// Images to a size: Resizing and CenterCrop.

import { isPlainObject, type TensorTree } from "../../core/structure.js";
import { ShapeError, ValueError } from "../../errors.js";
import { oneOf, wholeNumber } from "../../ops/basics.js";
import { type Interpolation, type ResizeOptions, resize } from "../../ops/image.js";
import { INTERPOLATIONS } from "../../ops/resize.js";
import { type DataFormat, dataFormatOf } from "../../ops/window.js";
import * as ops from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import { classNameOf, Layer, type LayerOptions } from "../layer.js";

interface SizeOptions extends LayerOptions {
  dataFormat?: DataFormat | null;
}

/**
 * Base of the layers that give images another height and width.
 *
 * They take images [height, width, channels] or batches of them, or a record with `images`, of which `segmentation_masks` go along and
 * `labels` stay. Errors: `ValueError` for bounding boxes, `ShapeError` for other ranks.
 */
abstract class ImageSize extends Layer {
  static override readonly builtAtStart: boolean = true;
  static override readonly required = ["height", "width"];
  readonly height: number;
  readonly width: number;
  readonly dataFormat: DataFormat;

  constructor(height: number, width: number, options: SizeOptions) {
    super(options);
    const where = classNameOf(this);
    this.height = wholeNumber(where, "height", height, 1);
    this.width = wholeNumber(where, "width", width, 1);
    this.dataFormat = dataFormatOf(where, options.dataFormat);
  }

  /** Images, or labels by pixel, in the new size. */
  protected abstract sized(x: Tensor, kind: "images" | "labels"): Tensor;

  override call(data: TensorTree): TensorTree {
    if (!isPlainObject(data)) return this.#checked(data as Tensor, "images");
    if (data.bounding_boxes !== undefined)
      throw new ValueError(`${this.name}: bounding boxes are not moved along; leave bounding_boxes out and scale them yourself.`);
    const { images, segmentation_masks: masks } = data as Record<string, Tensor | undefined>;
    if (!images) throw new ValueError(`${this.name}: a record needs "images", received ${Object.keys(data).join(", ")}.`);
    return {
      ...(data as Record<string, Tensor>),
      images: this.#checked(images, "images"),
      ...(masks && { segmentation_masks: this.#checked(masks, "labels") }),
    };
  }

  #checked(x: Tensor, kind: "images" | "labels"): Tensor {
    if (x.ndim === 3 || x.ndim === 4) return this.sized(x, kind);
    throw new ShapeError(`${this.name}: expected an image of 3 axes or a batch of 4, received shape [${x.shape.join(", ")}].`);
  }
}

export interface ResizingOptions extends SizeOptions {
  interpolation?: Interpolation;
  /** Cut the middle of the wanted aspect ratio out before resizing? */
  cropToAspectRatio?: boolean;
  /** Fill up to the wanted aspect ratio before resizing? */
  padToAspectRatio?: boolean;
  /** Keras has this one mode. */
  fillMode?: "constant";
  fillValue?: number;
  /** Widen the kernel when images shrink? */
  antialias?: boolean;
}

/**
 * Images resized to [height, width]; see `ops.image.resize`. Integer images are rounded back to integers.
 *
 * x: [height, width, channels] or [batch, …] of these. NOTE the core has one type for all integers: what bicubic and lanczos overshoot
 * beyond 0 … 255 stays.
 */
export class Resizing extends ImageSize {
  static override readonly className: string = "Resizing";
  static override readonly defaults = {
    interpolation: "bilinear",
    cropToAspectRatio: false,
    padToAspectRatio: false,
    fillMode: "constant",
    fillValue: 0,
    antialias: false,
    dataFormat: null,
  };
  readonly interpolation: Interpolation;
  readonly cropToAspectRatio: boolean;
  readonly padToAspectRatio: boolean;
  readonly fillMode = "constant";
  readonly fillValue: number;
  readonly antialias: boolean;

  constructor(height: number, width: number, options: ResizingOptions = {}) {
    super(height, width, options);
    this.interpolation = oneOf("Resizing", "interpolation", options.interpolation ?? "bilinear", INTERPOLATIONS);
    this.cropToAspectRatio = options.cropToAspectRatio ?? false;
    this.padToAspectRatio = options.padToAspectRatio ?? false;
    if (this.cropToAspectRatio && this.padToAspectRatio)
      throw new ValueError("Resizing: cropToAspectRatio and padToAspectRatio exclude each other: take one.");
    oneOf("Resizing", "fillMode", options.fillMode ?? "constant", ["constant"]);
    this.fillValue = options.fillValue ?? 0;
    this.antialias = options.antialias ?? false;
  }

  protected override sized(x: Tensor, kind: "images" | "labels"): Tensor {
    const { interpolation, cropToAspectRatio, padToAspectRatio, fillValue, antialias, dataFormat } = this;
    const frame: ResizeOptions = { cropToAspectRatio, padToAspectRatio, fillValue, dataFormat };
    // Labels of pixels have no values in between.
    const how: ResizeOptions = kind === "labels" ? { interpolation: "nearest" } : { interpolation, antialias };
    const y = resize(x, [this.height, this.width], { ...frame, ...how });
    return x.dtype === "float32" || y.dtype === x.dtype ? y : ops.saturateCast(ops.round(y), x.dtype);
  }
}

export interface CenterCropOptions extends SizeOptions {}

/**
 * The middle of the images, [height, width] large; images that are smaller are resized to that, with the middle part of its aspect ratio.
 *
 * x: [height, width, channels] or [batch, …] of these, to float32. An odd pixel more is cut off behind.
 * Example: `new CenterCrop(2, 2).apply(ops.ones([8, 5, 5, 3])).shape // [8, 2, 2, 3]`
 */
export class CenterCrop extends ImageSize {
  static override readonly className: string = "CenterCrop";
  static override readonly defaults = { dataFormat: null };

  constructor(height: number, width: number, options: CenterCropOptions = {}) {
    super(height, width, options);
  }

  protected override sized(x: Tensor, kind: "images" | "labels"): Tensor {
    const { height, width, dataFormat } = this;
    const t = ops.cast(x, "float32");
    const at = t.ndim - (dataFormat === "channels_last" ? 3 : 2);
    const [rows, columns] = [t.shape[at]!, t.shape[at + 1]!];
    if (rows < height || columns < width) {
      const interpolation = kind === "labels" ? "nearest" : "bilinear";
      return resize(t, [height, width], { cropToAspectRatio: true, dataFormat, interpolation });
    }
    const start = t.shape.map(() => 0);
    start[at] = Math.trunc((rows - height) / 2);
    start[at + 1] = Math.trunc((columns - width) / 2);
    return ops.slice(
      t,
      start,
      t.shape.map((n, i) => (i === at ? height : i === at + 1 ? width : n)),
    );
  }
}
