export * from "../symbolic/kerasTensor.js";
