// The namespace `ops.image`: functions of images [height, width, channels], or of batches of them.

export { type Interpolation, type ResizeOptions, resize } from "./resize.js";
