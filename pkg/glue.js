/* @ts-self-types="./keratin.d.ts" */

/**
 * Words of the arena that all programs share.
 * @returns {number}
 */
export function arenaWords() {
    const ret = wasm.arenaWords();
    return ret >>> 0;
}

/**
 * @param {number} body
 */
export function bodyFree(body) {
    wasm.bodyFree(body);
}

/**
 * Transfer in: outputs, then pairs of a state and its new value. Returns a program, or −1.
 * @param {number} graph
 * @param {number} outputs
 * @param {number} updates
 * @returns {number}
 */
export function compile(graph, outputs, updates) {
    const ret = wasm.compile(graph, outputs, updates);
    return ret;
}

/**
 * Transfer in: inputs, ints, floats, words (`words` is −1 where there are none). Out: a description of each result. Returns their number, or −1.
 * @param {number} graph
 * @param {number} number
 * @param {number} inputs
 * @param {number} ints
 * @param {number} floats
 * @param {number} words
 * @param {number} body
 * @returns {number}
 */
export function emit(graph, number, inputs, ints, floats, words, body) {
    const ret = wasm.emit(graph, number, inputs, ints, floats, words, body);
    return ret;
}

/**
 * Transfer in: the values to differentiate by. Out: a description of each gradient of the scalar `y`.
 * @param {number} graph
 * @param {number} y
 * @param {number} wrt
 * @returns {number}
 */
export function grad(graph, y, wrt) {
    const ret = wasm.grad(graph, y, wrt);
    return ret;
}

/**
 * @param {number} graph
 */
export function graphClose(graph) {
    wasm.graphClose(graph);
}

/**
 * @returns {number}
 */
export function graphOpen() {
    const ret = wasm.graphOpen();
    return ret >>> 0;
}

/**
 * The layer path of the nodes from here on.
 * @param {number} graph
 * @param {string} path
 */
export function graphPath(graph, path) {
    const val2 = +graph;
    const ptr0 = passStringToWasm0(path, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
    const len0 = WASM_VECTOR_LEN;
    wasm.graphPath(val2, ptr0, len0);
}

/**
 * Transfer in: the outputs.
 * @param {number} graph
 * @param {number} outputs
 * @returns {string}
 */
export function graphText(graph, outputs) {
    let deferred1_0;
    let deferred1_1;
    try {
        const ret = wasm.graphText(graph, outputs);
        deferred1_0 = ret[0];
        deferred1_1 = ret[1];
        return getStringFromWasm0(ret[0], ret[1]);
    } finally {
        wasm.__wbindgen_free(deferred1_0, deferred1_1, 1);
    }
}

/**
 * Transfer in: the body's inputs and outputs. The graph is gone; returns a handle for `emit`.
 * @param {number} graph
 * @param {number} inputs
 * @param {number} outputs
 * @returns {number}
 */
export function graphToBody(graph, inputs, outputs) {
    const ret = wasm.graphToBody(graph, inputs, outputs);
    return ret >>> 0;
}

/**
 * The text of the last error.
 * @returns {string}
 */
export function lastError() {
    let deferred1_0;
    let deferred1_1;
    try {
        const ret = wasm.lastError();
        deferred1_0 = ret[0];
        deferred1_1 = ret[1];
        return getStringFromWasm0(ret[0], ret[1]);
    } finally {
        wasm.__wbindgen_free(deferred1_0, deferred1_1, 1);
    }
}

/**
 * The names of all ops, then of all composites, a line each, in the order of their numbers.
 * @returns {string}
 */
export function opTable() {
    let deferred1_0;
    let deferred1_1;
    try {
        const ret = wasm.opTable();
        deferred1_0 = ret[0];
        deferred1_1 = ret[1];
        return getStringFromWasm0(ret[0], ret[1]);
    } finally {
        wasm.__wbindgen_free(deferred1_0, deferred1_1, 1);
    }
}

/**
 * Leaves the orthogonal matrix of `[rows, cols]`, row-major, in the transfer buffer. The key's words are `k0, k1`.
 * @param {number} rows
 * @param {number} cols
 * @param {number} k0
 * @param {number} k1
 * @param {number} gain
 */
export function orthogonal(rows, cols, k0, k1, gain) {
    wasm.orthogonal(rows, cols, k0, k1, gain);
}

/**
 * @returns {string}
 */
export function panicMessage() {
    let deferred1_0;
    let deferred1_1;
    try {
        const ret = wasm.panicMessage();
        deferred1_0 = ret[0];
        deferred1_1 = ret[1];
        return getStringFromWasm0(ret[0], ret[1]);
    } finally {
        wasm.__wbindgen_free(deferred1_0, deferred1_1, 1);
    }
}

/**
 * Runs the loop that defines the peak "P" of one thread, `times` times, and returns how many multiplications and additions that were.
 * @param {number} times
 * @returns {number}
 */
export function peakProbe(times) {
    const ret = wasm.peakProbe(times);
    return ret;
}

/**
 * Runs `chunks` chunks of `spin` rounds each and returns how many each thread took. With `panic`, the first chunk that another thread than the
 * caller takes panics; the caller's own go on.
 * @param {number} chunks
 * @param {number} spin
 * @param {boolean} panic
 * @returns {Uint32Array}
 */
export function poolProbe(chunks, spin, panic) {
    const ret = wasm.poolProbe(chunks, spin, panic);
    var v1 = getArrayU32FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
    return v1;
}

/**
 * Makes a pool of `threads` threads and returns one ticket per worker to start (`threads - 1`).
 * Must come before the first parallel call: until then rayon would make its own pool of one thread.
 * @param {number} threads
 * @returns {Uint32Array}
 */
export function poolStart(threads) {
    const ret = wasm.poolStart(threads);
    if (ret[3]) {
        throw takeFromExternrefTable0(ret[2]);
    }
    var v1 = getArrayU32FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
    return v1;
}

/**
 * C = A·B, the kernel alone on the calling thread. All four are states (`stateNew`): A [m, k], B [k, n], C [m, n] and the workspace.
 * @param {number} m
 * @param {number} n
 * @param {number} k
 * @param {number} a
 * @param {number} b
 * @param {number} c
 * @param {number} workspace
 */
export function productProbe(m, n, k, a, b, c, workspace) {
    wasm.productProbe(m, n, k, a, b, c, workspace);
}

/**
 * Words of workspace for `productProbe`.
 * @param {number} m
 * @param {number} n
 * @param {number} k
 * @returns {number}
 */
export function productWorkspace(m, n, k) {
    const ret = wasm.productWorkspace(m, n, k);
    return ret >>> 0;
}

/**
 * @param {number} program
 */
export function programFree(program) {
    wasm.programFree(program);
}

/**
 * Where input `i` is to be written, or null when nothing reads it.
 * @param {number} program
 * @param {number} i
 * @returns {number}
 */
export function programInput(program, i) {
    const ret = wasm.programInput(program, i);
    return ret >>> 0;
}

/**
 * Where output `k` is after a run.
 * @param {number} program
 * @param {number} k
 * @returns {number}
 */
export function programOutput(program, k) {
    const ret = wasm.programOutput(program, k);
    return ret >>> 0;
}

/**
 * Has it a step that gains from threads?
 * @param {number} program
 * @returns {boolean}
 */
export function programParallel(program) {
    const ret = wasm.programParallel(program);
    return ret !== 0;
}

/**
 * @param {number} program
 */
export function programRun(program) {
    wasm.programRun(program);
}

/**
 * Runs one step alone; JavaScript, which has a clock, times them in order.
 * @param {number} program
 * @param {number} step
 */
export function programRunStep(program, step) {
    wasm.programRunStep(program, step);
}

/**
 * Number of steps.
 * @param {number} program
 * @returns {number}
 */
export function programSteps(program) {
    const ret = wasm.programSteps(program);
    return ret >>> 0;
}

/**
 * The program as text. Transfer in: `times` nanoseconds (f32), one per step, or none.
 * @param {number} program
 * @param {number} times
 * @returns {string}
 */
export function programText(program, times) {
    let deferred1_0;
    let deferred1_1;
    try {
        const ret = wasm.programText(program, times);
        deferred1_0 = ret[0];
        deferred1_1 = ret[1];
        return getStringFromWasm0(ret[0], ret[1]);
    } finally {
        wasm.__wbindgen_free(deferred1_0, deferred1_1, 1);
    }
}

/**
 * Run once per instance, by the first thread (wasm-bindgen skips it on pool threads).
 */
export function start() {
    wasm.start();
}

/**
 * Programs that use the state keep it.
 * @param {number} state
 */
export function stateFree(state) {
    wasm.stateFree(state);
}

/**
 * @param {number} words
 * @returns {number}
 */
export function stateNew(words) {
    const ret = wasm.stateNew(words);
    return ret >>> 0;
}

/**
 * @param {number} state
 * @returns {number}
 */
export function statePointer(state) {
    const ret = wasm.statePointer(state);
    return ret >>> 0;
}

/**
 * Room for `words` words in the transfer buffer; its address. 0 asks for the address alone.
 * @param {number} words
 * @returns {number}
 */
export function transfer(words) {
    const ret = wasm.transfer(words);
    return ret >>> 0;
}
function __wbg_get_imports(memory) {
    const import0 = {
        __proto__: null,
        __wbg_Error_208446807d0d1e30: function(arg0, arg1) {
            const ret = Error(getStringFromWasm0(arg0, arg1));
            return ret;
        },
        __wbindgen_init_externref_table: function() {
            const table = wasm.__wbindgen_externrefs;
            table.set(0, undefined);
            table.set(1024, undefined);
            table.set(1025, null);
            table.set(1026, true);
            table.set(1027, false);
        },
        memory: memory || new WebAssembly.Memory({initial:18,maximum:16384,shared:true}),
    };
    return {
        __proto__: null,
        "./keratin_bg.js": import0,
    };
}

function getArrayU32FromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return getUint32ArrayMemory0().subarray(ptr / 4, ptr / 4 + len);
}

function getStringFromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));
}

let cachedUint32ArrayMemory0 = null;
function getUint32ArrayMemory0() {
    if (cachedUint32ArrayMemory0 === null || cachedUint32ArrayMemory0.buffer !== wasm.memory.buffer) {
        cachedUint32ArrayMemory0 = new Uint32Array(wasm.memory.buffer);
    }
    return cachedUint32ArrayMemory0;
}

let cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
    if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.buffer !== wasm.memory.buffer) {
        cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer);
    }
    return cachedUint8ArrayMemory0;
}

function passStringToWasm0(arg, malloc, realloc) {
    if (realloc === undefined) {
        const buf = cachedTextEncoder.encode(arg);
        const ptr = malloc(buf.length, 1) >>> 0;
        getUint8ArrayMemory0().subarray(ptr, ptr + buf.length).set(buf);
        WASM_VECTOR_LEN = buf.length;
        return ptr;
    }

    let len = arg.length;
    let ptr = malloc(len, 1) >>> 0;

    const mem = getUint8ArrayMemory0();

    let offset = 0;

    for (; offset < len; offset++) {
        const code = arg.charCodeAt(offset);
        if (code > 0x7F) break;
        mem[ptr + offset] = code;
    }
    if (offset !== len) {
        if (offset !== 0) {
            arg = arg.slice(offset);
        }
        ptr = realloc(ptr, len, len = offset + arg.length * 3, 1) >>> 0;
        const view = getUint8ArrayMemory0().subarray(ptr + offset, ptr + len);
        const ret = cachedTextEncoder.encodeInto(arg, view);

        offset += ret.written;
        ptr = realloc(ptr, len, offset, 1) >>> 0;
    }

    WASM_VECTOR_LEN = offset;
    return ptr;
}

function takeFromExternrefTable0(idx) {
    const value = wasm.__wbindgen_externrefs.get(idx);
    wasm.__externref_table_dealloc(idx);
    return value;
}

let cachedTextDecoder = (typeof TextDecoder !== 'undefined' ? new TextDecoder('utf-8', { ignoreBOM: true }) : undefined);
if (cachedTextDecoder) cachedTextDecoder.decode();

const MAX_SAFARI_DECODE_BYTES = 2146435072;
let numBytesDecoded = 0;
function decodeText(bytes) {
    numBytesDecoded += bytes.length;
    if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {
        cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
        cachedTextDecoder.decode();
        numBytesDecoded = bytes.length;
    }
    return cachedTextDecoder.decode(bytes.slice());
}

const cachedTextEncoder = (typeof TextEncoder !== 'undefined' ? new TextEncoder() : undefined);

if (cachedTextEncoder) {
    cachedTextEncoder.encodeInto = function (arg, view) {
        const buf = cachedTextEncoder.encode(arg);
        view.set(buf);
        return {
            read: arg.length,
            written: buf.length
        };
    };
}

let WASM_VECTOR_LEN = 0;

let wasmModule, wasmInstance, wasm;
function __wbg_finalize_init(instance, module, thread_stack_size) {
    wasmInstance = instance;
    wasm = instance.exports;
    wasmModule = module;
    cachedUint32ArrayMemory0 = null;
    cachedUint8ArrayMemory0 = null;
    if (typeof thread_stack_size !== 'undefined' && (typeof thread_stack_size !== 'number' || thread_stack_size === 0 || thread_stack_size % 65536 !== 0)) {
        throw new Error('invalid stack size');
    }

    wasm.__wbindgen_start(thread_stack_size);
    return wasm;
}

async function __wbg_load(module, imports) {
    if (typeof Response === 'function' && module instanceof Response) {
        if (!module.ok) {
            throw new Error(`failed to fetch Wasm: ${module.status} ${module.statusText} fetching '${module.url}'`);
        }

        if (typeof WebAssembly.instantiateStreaming === 'function') {
            try {
                return await WebAssembly.instantiateStreaming(module, imports);
            } catch (e) {
                const validResponse = expectedResponseType(module.type);

                if (validResponse && module.headers.get('Content-Type') !== 'application/wasm') {
                    console.warn("`WebAssembly.instantiateStreaming` failed because your server does not serve Wasm with `application/wasm` MIME type. Falling back to `WebAssembly.instantiate` which is slower. Original error:\n", e);

                } else { throw e; }
            }
        }

        const bytes = await module.arrayBuffer();
        return await WebAssembly.instantiate(bytes, imports);
    } else {
        const instance = await WebAssembly.instantiate(module, imports);

        if (instance instanceof WebAssembly.Instance) {
            return { instance, module };
        } else {
            return instance;
        }
    }

    function expectedResponseType(type) {
        switch (type) {
            case 'basic': case 'cors': case 'default': return true;
        }
        return false;
    }
}

function initSync(module, memory) {
    if (wasm !== undefined) return wasm;

    let thread_stack_size
    if (module !== undefined) {
        if (Object.getPrototypeOf(module) === Object.prototype) {
            ({module, memory, thread_stack_size} = module)
        } else {
            console.warn('using deprecated parameters for `initSync()`; pass a single object instead')
        }
    }

    const imports = __wbg_get_imports(memory);
    if (!(module instanceof WebAssembly.Module)) {
        module = new WebAssembly.Module(module);
    }
    const instance = new WebAssembly.Instance(module, imports);
    return __wbg_finalize_init(instance, module, thread_stack_size);
}

let __wbg_init_promise;
async function __wbg_init(module_or_path, memory) {
    if (wasm !== undefined) return wasm;
    if (__wbg_init_promise === undefined) {
        __wbg_init_promise = __wbg_init_once(module_or_path, memory);
        __wbg_init_promise.catch(() => { __wbg_init_promise = undefined; });
    }
    return __wbg_init_promise;
}

async function __wbg_init_once(module_or_path, memory) {
    let thread_stack_size
    if (module_or_path !== undefined) {
        if (Object.getPrototypeOf(module_or_path) === Object.prototype) {
            ({module_or_path, memory, thread_stack_size} = module_or_path)
        } else {
            console.warn('using deprecated parameters for the initialization function; pass a single object instead')
        }
    }


    const imports = __wbg_get_imports(memory);

    if (typeof module_or_path === 'string' || (typeof Request === 'function' && module_or_path instanceof Request) || (typeof URL === 'function' && module_or_path instanceof URL)) {
        module_or_path = fetch(module_or_path);
    }

    const { instance, module } = await __wbg_load(await module_or_path, imports);

    return __wbg_finalize_init(instance, module, thread_stack_size);
}

export { initSync, __wbg_init as default };
