// MultiOptimizer: different optimizers for different variables, chosen by their paths.

import { ValueError } from "../errors.js";
import * as ops from "../ops.js";
import { type Config, KerasObject } from "../saving/object.js";
import type { Tensor } from "../tensor.js";
import type { Variable } from "../variable.js";
import { Optimizer, type OptimizerOptions, withCommon } from "./optimizer.js";

/**
 * Which optimizer a variable gets: the one under its path, else the one whose pattern matches the whole path, else the default.
 *
 * Errors: `ValueError` when several patterns match one path. Example: `new OptimizerMap(new Adam(), { optimizerMap: { ".*bias": new SGD() } })`
 */
export class OptimizerMap extends KerasObject<{ optimizerMap: { readonly [pattern: string]: Optimizer } | null }> {
  static override readonly className: string = "OptimizerMap";
  static override readonly module: string = "keras.optimizers";
  static override readonly required = ["defaultOptimizer"];
  static override readonly defaults: Config = { optimizerMap: null };

  constructor(
    readonly defaultOptimizer: Optimizer,
    options: { optimizerMap?: { readonly [pattern: string]: Optimizer } | null } = {},
  ) {
    super(options);
  }

  /** All optimizers, the default one first. */
  get optimizers(): Optimizer[] {
    return [...new Set([this.defaultOptimizer, ...Object.values(this.config.optimizerMap ?? {})])];
  }

  get(path: string): Optimizer {
    const map = this.config.optimizerMap ?? {};
    if (Object.hasOwn(map, path)) return map[path]!;
    const matching = Object.keys(map).filter((pattern) => new RegExp(`^(?:${pattern})$`).test(path));
    if (matching.length > 1)
      throw new ValueError(`OptimizerMap: several patterns match ${path}: ${matching.join(", ")}. Make them exclude each other.`);
    return matching.length === 1 ? map[matching[0]!]! : this.defaultOptimizer;
  }
}

/**
 * Hands each variable to the optimizer that the map names for its path; they run side by side, each with its own options.
 *
 * It has no learning rate of its own: set those of `.optimizers`. Example: `new MultiOptimizer(new OptimizerMap(new Adam()))`
 */
export class MultiOptimizer extends Optimizer {
  static override readonly className: string = "MultiOptimizer";
  static override readonly required = ["optimizerMap"];
  static override readonly defaults: Config = withCommon(0, {});

  constructor(
    readonly optimizerMap: OptimizerMap,
    options: { lossScaleFactor?: number | null; name?: string | null } = {},
  ) {
    super(options as Partial<OptimizerOptions>);
  }

  get optimizers(): Optimizer[] {
    return this.optimizerMap.optimizers;
  }
  override get variables(): readonly Variable[] {
    return [...super.variables.filter((v) => v.name !== "learning_rate"), ...this.optimizers.flatMap((o) => o.variables)];
  }
  override get learningRate(): number {
    throw new ValueError("MultiOptimizer: has no learning rate of its own; read or set those of its `optimizers`.");
  }
  override set learningRate(_rate: Optimizer["learningRate"]) {
    throw new ValueError("MultiOptimizer: has no learning rate of its own; read or set those of its `optimizers`.");
  }

  override build(variables: readonly Variable[]): void {
    super.build(variables);
    for (const [optimizer, own] of this.#routes(variables)) optimizer.build(own);
  }
  protected override updateStep(): void {}

  override finalizeVariableValues(variables: readonly Variable[]): void {
    for (const [optimizer, own] of this.#routes(variables)) optimizer.finalizeVariableValues(own);
  }

  protected override step(gradients: readonly Tensor[], variables: readonly Variable[]): void {
    const factor = this.config.lossScaleFactor;
    const used = factor === null ? gradients : gradients.map((g) => ops.divide(g, factor));
    for (const [optimizer, own] of this.#routes(variables))
      optimizer.apply(
        own.map((v) => used[variables.indexOf(v)]!),
        own,
      );
    this.countUpdate();
  }

  #routes(variables: readonly Variable[]): Map<Optimizer, Variable[]> {
    const routes = new Map<Optimizer, Variable[]>();
    for (const v of variables) {
      const optimizer = this.optimizerMap.get(v.path);
      routes.set(optimizer, [...(routes.get(optimizer) ?? []), v]);
    }
    return routes;
  }

  override getConfig(): Record<string, unknown> {
    return { optimizerMap: this.optimizerMap, lossScaleFactor: this.config.lossScaleFactor, name: this.name };
  }
}
