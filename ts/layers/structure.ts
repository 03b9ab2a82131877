export * from "../core/structure.js";
