// Initializers without chance: constants, the identity, and the kernel of a short-time Fourier transform.

import { coreDType, type EdgeDType } from "../core/dtype.js";
import { ShapeError, unknownName, ValueError } from "../errors.js";
import * as ops from "../ops.js";
import { type Config, KerasObject } from "../saving/object.js";
import { type Nested, Tensor, tensor } from "../tensor.js";

export interface InitializerOptions {
  /** float32 unless said otherwise. */
  dtype?: EdgeDType | null;
}

/** What a variable needs of an initializer. */
export interface InitializerLike {
  call(shape: readonly number[], options?: InitializerOptions): Tensor;
}

/** Base class. An initializer of one's own overrides `call(shape, { dtype })` and returns a tensor of that shape and type. */
export abstract class Initializer<Options extends object = object> extends KerasObject<Options> implements InitializerLike {
  static override readonly className: string = "Initializer";
  static override readonly module: string = "keras.initializers";

  abstract call(shape: readonly number[], options?: InitializerOptions): Tensor;
}

const typeOf = (options: InitializerOptions): EdgeDType => options.dtype ?? "float32";

/** 0 everywhere. `new Zeros().call([2]) // [0, 0]` */
export class Zeros extends Initializer {
  static override readonly className: string = "Zeros";
  call(shape: readonly number[], options: InitializerOptions = {}): Tensor {
    return ops.zeros(shape, { dtype: typeOf(options) });
  }
}

/** 1 everywhere. `new Ones().call([2]) // [1, 1]` */
export class Ones extends Initializer {
  static override readonly className: string = "Ones";
  call(shape: readonly number[], options: InitializerOptions = {}): Tensor {
    return ops.ones(shape, { dtype: typeOf(options) });
  }
}

/** One value everywhere, or an array that is broadcast. `new Constant(0.5).call([2]) // [0.5, 0.5]` */
export class Constant extends Initializer<{ value: Nested | Tensor }> {
  static override readonly className: string = "Constant";
  static override readonly defaults: Config = { value: 0 };
  constructor(value: Nested | Tensor | { value?: Nested | Tensor } = {}) {
    const plain = typeof value === "object" && !Array.isArray(value) && !(value instanceof Tensor);
    super(plain ? (value as { value?: Nested }) : { value: value as Nested });
  }
  call(shape: readonly number[], options: InitializerOptions = {}): Tensor {
    return ops.broadcastTo(ops.cast(tensor(this.config.value), typeOf(options)), shape);
  }
}

/** gain on the diagonal of a matrix, 0 elsewhere. Errors: `ShapeError` unless the shape has two sizes. `new Identity().call([2, 2]) // [[1, 0], [0, 1]]` */
export class Identity extends Initializer<{ gain: number }> {
  static override readonly className: string = "Identity";
  static override readonly defaults: Config = { gain: 1 };
  call(shape: readonly number[], options: InitializerOptions = {}): Tensor {
    if (shape.length !== 2) throw new ShapeError(`Identity: makes matrices, received shape [${shape.join(", ")}].`);
    const [rows, columns] = shape as [number, number];
    const data = new Float32Array(rows * columns);
    for (let i = 0; i < Math.min(rows, columns); i++) data[i * columns + i] = this.config.gain;
    return ops.cast(new Tensor(data, shape), typeOf(options));
  }
}

export interface STFTOptions {
  side: "real" | "imag";
  /** A window by its SciPy name, its values, or null for none. */
  window: WindowName | (string & {}) | readonly number[] | null;
  scaling: "density" | "spectrum" | null;
  periodic: boolean;
}
export type WindowName =
  | "hann"
  | "hamming"
  | "blackman"
  | "nuttall"
  | "blackmanharris"
  | "flattop"
  | "bartlett"
  | "cosine"
  | "boxcar";

/**
 * The kernel of a convolution that computes a short-time Fourier transform: cos (or sin) of −2π·t·f/N, times the window, over its norm.
 *
 * Shape [window length, 1, frequencies], N = 2·(frequencies − 1). Errors: `ShapeError` for another shape, `ValueError` for a window
 * that is not known or of another length.
 */
export class STFT extends Initializer<STFTOptions> {
  static override readonly className: string = "STFT";
  static override readonly defaults: Config = { side: "real", window: "hann", periodic: false, scaling: "density" };
  constructor(options: Partial<STFTOptions> = {}) {
    super(options);
    const { side, scaling } = this.config;
    if (side !== "real" && side !== "imag")
      throw new ValueError(`STFT: side is "real" or "imag", received ${JSON.stringify(side)}.`);
    if (scaling !== null && scaling !== "density" && scaling !== "spectrum") {
      throw new ValueError(`STFT: scaling is "density", "spectrum" or null, received ${JSON.stringify(scaling)}.`);
    }
  }
  call(shape: readonly number[], options: InitializerOptions = {}): Tensor {
    if (shape.length !== 3 || shape[1] !== 1)
      throw new ShapeError(`STFT: the shape must be [length, 1, frequencies], received [${shape.join(", ")}].`);
    const [length, , frequencies] = shape as [number, 1, number];
    const { side, scaling } = this.config;
    const window = this.#window(length);
    let norm = 1;
    if (this.config.window !== null && scaling === "density") norm = Math.sqrt(window.reduce((s, w) => s + w * w, 0));
    if (this.config.window !== null && scaling === "spectrum") norm = window.reduce((s, w) => s + Math.abs(w), 0);
    const wave = side === "real" ? Math.cos : Math.sin;
    const data = new Float32Array(length * frequencies);
    for (let t = 0; t < length; t++) {
      for (let f = 0; f < frequencies; f++) {
        const angle = (-2 * Math.PI * t * f) / (2 * (frequencies - 1));
        data[t * frequencies + f] = (wave(angle) * window[t]!) / norm;
      }
    }
    return new Tensor(data, shape, { dtype: coreDType(typeOf(options)) });
  }

  #window(length: number): readonly number[] {
    const { window, periodic } = this.config;
    if (window === null) return Array.from({ length }, () => 1);
    if (typeof window === "string") return windowValues(window, length, periodic);
    if (window.length !== length)
      throw new ValueError(`STFT: the window has ${window.length} values, the kernel is ${length} long.`);
    return window;
  }
}

// Windows that are sums of cosines: a₀ − a₁·cos φ + a₂·cos 2φ − …, φ = 2π·k/(n − 1).
const COSINES: { readonly [name: string]: readonly number[] } = {
  boxcar: [1],
  hann: [0.5, 0.5],
  hamming: [0.54, 0.46],
  blackman: [0.42, 0.5, 0.08],
  nuttall: [0.3635819, 0.4891775, 0.1365995, 0.0106411],
  blackmanharris: [0.35875, 0.48829, 0.14128, 0.01168],
  flattop: [0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368],
};
const OTHERS: { readonly [name: string]: (k: number, n: number) => number } = {
  bartlett: (k, n) => 1 - Math.abs((2 * k) / (n - 1) - 1),
  cosine: (k, n) => Math.sin((Math.PI * (k + 0.5)) / n),
};

/** `scipy.signal.get_window`: n values; `periodic` leaves out the last of n + 1, so that copies side by side join. */
function windowValues(name: string, length: number, periodic: boolean): number[] {
  const cosines = Object.hasOwn(COSINES, name) ? COSINES[name] : undefined;
  const other = Object.hasOwn(OTHERS, name) ? OTHERS[name] : undefined;
  if (!cosines && !other)
    throw new ValueError(`STFT: ${unknownName("window", name, [...Object.keys(COSINES), ...Object.keys(OTHERS)])}`);
  const n = periodic ? length + 1 : length;
  if (n === 1) return [1];
  return Array.from({ length }, (_, k) => {
    if (other) return other(k, n);
    return cosines!.reduce((sum, a, i) => sum + (i % 2 ? -a : a) * Math.cos((2 * Math.PI * i * k) / (n - 1)), 0);
  });
}
