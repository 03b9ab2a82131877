/* placeholder until the first build */
export function panicMessage(): string; export function lastError(): string; export function transfer(words: number): number; export function opTable(): string;
export function graphOpen(): number; export function graphClose(graph: number): void; export function graphPath(graph: number, path: string): void;
export function emit(graph: number, number: number, inputs: number, ints: number, floats: number, words: number, body: number): number;
export function grad(graph: number, y: number, wrt: number): number; export function graphToBody(graph: number, inputs: number, outputs: number): number; export function bodyFree(body: number): void;
export function graphText(graph: number, outputs: number): string; export function compile(graph: number, outputs: number, updates: number): number;
export function programInput(program: number, i: number): number; export function programOutput(program: number, k: number): number; export function programRun(program: number): void;
export function programParallel(program: number): boolean; export function programSteps(program: number): number; export function programRunStep(program: number, step: number): void; export function programText(program: number, times: number): string; export function programFree(program: number): void;
export function stateNew(words: number): number; export function statePointer(state: number): number; export function stateFree(state: number): void; export function arenaWords(): number;
export function orthogonal(rows: number, cols: number, k0: number, k1: number, gain: number): void; export function poolStart(threads: number): Uint32Array;
export function initSync(module: { module: WebAssembly.Module; memory?: WebAssembly.Memory }): { memory: WebAssembly.Memory };
