// `layers`, registered: what `all.ts` exports is what files know.

import { registerClass } from "../saving/serialize.js";
import * as all from "./all.js";
import { DTypePolicy } from "./dtypePolicy.js";
import { Layer } from "./layer.js";

export * from "./all.js";

registerClass("keras", DTypePolicy);
for (const own of new Set<unknown>(Object.values(all)))
  if (typeof own === "function" && own.prototype instanceof Layer) registerClass("keras.layers", own as typeof Layer);
