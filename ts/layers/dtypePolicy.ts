// DTypePolicy: the pair of types that a layer computes in and keeps its weights in.

import { coreDType, type EdgeDType } from "../core/dtype.js";
import { ValueError } from "../errors.js";
import { KerasObject } from "../saving/object.js";

/** A dtype, a mixed policy by its name, a policy object, or null for float32. */
export type DTypeIdentifier = EdgeDType | "mixed_float16" | "mixed_bfloat16" | (string & {}) | DTypePolicy | null;

/**
 * `new DTypePolicy("mixed_bfloat16")`: computes in bfloat16, keeps variables in float32.
 *
 * NOTE the core computes in float32: a half type is kept in configs and files, and changes no arithmetic.
 */
export class DTypePolicy extends KerasObject {
  static override readonly className: string = "DTypePolicy";
  static override readonly module: string = "keras";
  static override readonly required = ["name"];
  readonly name: string;
  readonly computeDtype: string;
  readonly variableDtype: string;

  constructor(name: string) {
    super();
    if (name.startsWith("mixed_")) {
      this.computeDtype = name.slice(6);
      this.variableDtype = "float32";
      if (this.computeDtype !== "float16" && this.computeDtype !== "bfloat16") {
        throw new ValueError(
          `DTypePolicy: ${JSON.stringify(name)} is no policy; use "mixed_float16", "mixed_bfloat16" or the name of a dtype.`,
        );
      }
    } else {
      coreDType(name); // throws when it is none
      this.computeDtype = name;
      this.variableDtype = name;
    }
    this.name = name;
  }

  override getConfig(): { name: string } {
    return { name: this.name };
  }

  static get(identifier: DTypeIdentifier | undefined): DTypePolicy {
    if (identifier instanceof DTypePolicy) return identifier;
    if (identifier === null || identifier === undefined) return new DTypePolicy("float32");
    if (typeof identifier === "string") return new DTypePolicy(identifier);
    // A serialized policy that came through a config as it was.
    const config = (identifier as { config?: { name?: unknown } }).config;
    if (typeof config?.name === "string") return new DTypePolicy(config.name);
    throw new ValueError("dtype: expected the name of a dtype or policy, a DTypePolicy or null.");
  }
}
