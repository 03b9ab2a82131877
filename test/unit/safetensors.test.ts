// safetensors: round trips, the bytes of the reference implementation, and files that lie.

import { describe, expect, test } from "vitest";
import { FileError, ValueError } from "../../ts/errors.js";
import {
  readSafetensors,
  readSafetensorsMetadata,
  type SafetensorsEntry,
  writeSafetensors,
} from "../../ts/formats/safetensors.js";

/** A file from header text and data; `length` is what the first eight bytes claim. */
function file(header: string | Uint8Array, data: number[] = [], length?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const ALL: [string, SafetensorsEntry][] = [
  ["f32", { dtype: "F32", shape: [2, 2], data: new Float32Array([1, -0, Number.NaN, Number.POSITIVE_INFINITY]) }],
  ["bool", { dtype: "BOOL", shape: [3], data: new Uint8Array([1, 0, 1]) }],
  ["f64", { dtype: "F64", shape: [], data: new Float64Array([Math.PI]) }],
  ["f16", { dtype: "F16", shape: [1], data: new Uint16Array([0x3c00]) }],
  ["bf16", { dtype: "BF16", shape: [1], data: new Uint16Array([0x3f80]) }],
  ["i8", { dtype: "I8", shape: [1, 1], data: new Int8Array([-1]) }],
  ["u8", { dtype: "U8", shape: [2], data: new Uint8Array([255, 0]) }],
  ["i16", { dtype: "I16", shape: [1], data: new Int16Array([-2]) }],
  ["u16", { dtype: "U16", shape: [1], data: new Uint16Array([65535]) }],
  ["i32", { dtype: "I32", shape: [1], data: new Int32Array([-3]) }],
  ["u32", { dtype: "U32", shape: [1], data: new Uint32Array([4294967295]) }],
  ["i64", { dtype: "I64", shape: [1], data: new BigInt64Array([-(2n ** 63n)]) }],
  ["u64", { dtype: "U64", shape: [1], data: new BigUint64Array([2n ** 64n - 1n]) }],
  ["empty", { dtype: "F32", shape: [3, 0], data: new Float32Array(0) }],
];

describe("good files", () => {
  test("every dtype, scalars and empty arrays come back", () => {
    expect(readSafetensors(writeSafetensors(ALL))).toEqual(new Map(ALL));
  });

  test("the bytes are those of the reference implementation", () => {
    // Python: safetensors 0.8.0, safetensors.numpy.save({"b": f32 [1, 2], "a": u8 [7], "c": f32 [3]}, {"format": "np"})
    const want = file(
      '{"__metadata__":{"format":"np"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},' +
        '"c":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"a":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}       ',
      [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 7],
    );
    const got = writeSafetensors(
      new Map<string, SafetensorsEntry>([
        ["a", { dtype: "U8", shape: [1], data: new Uint8Array([7]) }],
        ["c", { dtype: "F32", shape: [1], data: new Float32Array([3]) }],
        ["b", { dtype: "F32", shape: [2], data: new Float32Array([1, 2]) }],
      ]),
      { format: "np" },
    );
    expect(got).toEqual(want);
    expect(readSafetensorsMetadata(got)).toEqual({ format: "np" });
  });

  test("no arrays at all is a file, and data start at a multiple of 8", () => {
    const empty = writeSafetensors([]);
    expect([empty.length % 8, readSafetensors(empty).size, readSafetensorsMetadata(empty)]).toEqual([0, 0, {}]);
  });

  test("arrays come in the order of the header, whatever their names look like", () => {
    const of = (i: number) => `{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1}]}`;
    const tensors = readSafetensors(
      file(`{"b":${of(1)},"10":${of(0)},"__proto__":${of(2)},"\\u0061\\"{":${of(3)}}`, [10, 11, 12, 13]),
    );
    expect([...tensors].map(([name, { data }]) => [name, data[0]])).toEqual([
      ["b", 11],
      ["10", 10],
      ["__proto__", 12],
      ['a"{', 13],
    ]);
  });

  test("data that begin at an odd byte are read, and are copies", () => {
    const bytes = file('{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} ', [0, 0, 128, 63]);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const tensors = readSafetensors(shifted.subarray(1));
    shifted.fill(0);
    expect(tensors.get("x")?.data).toEqual(new Float32Array([1]));
  });
});

describe("hostile files throw a FileError that names the trouble", () => {
  const one = (fields: string) => `{"w":{${fields}}}`;
  test.each<[string, Uint8Array, string]>([
    ["no bytes", new Uint8Array(0), "truncated"],
    ["half a length", new Uint8Array(7), "truncated"],
    ["a header beyond the end", file("{}", [], 3n), "truncated"],
    ["a header of 2^64 − 1 bytes", file("{}", [], 2n ** 64n - 1n), "more than the 100000000 allowed"],
    ["an empty header", file(""), "bad JSON"],
    ["half a header", file('{"w":'), "bad JSON"],
    ["a header that is a list", file("[]"), "expected an object"],
    ["a header that is null", file("null"), "expected an object"],
    ["deep nesting", file("[".repeat(100_000)), "bad JSON"],
    ["bytes that are no UTF-8", file(new Uint8Array([0x7b, 0xff, 0x7d])), "bad JSON"],
    ["a byte order mark", file("\ufeff{}"), "bad JSON"],
    ["an array that is a number", file('{"w":1}'), "not described by an object"],
    ["an unknown dtype", file(one('"dtype":"F8_E4M3","shape":[0],"data_offsets":[0,0]')), "unknown dtype"],
    ["a dtype that objects have by birth", file(one('"dtype":"constructor","shape":[0],"data_offsets":[0,0]')), "unknown dtype"],
    ["no dtype", file(one('"shape":[0],"data_offsets":[0,0]')), "unknown dtype"],
    ["a negative size", file(one('"dtype":"U8","shape":[-1],"data_offsets":[0,0]')), "bad shape"],
    ["a fractional size", file(one('"dtype":"U8","shape":[0.5],"data_offsets":[0,0]')), "bad shape"],
    ["a size beyond integers", file(one('"dtype":"U8","shape":[1e300],"data_offsets":[0,0]')), "bad shape"],
    [
      "a product that overflows",
      file(one('"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]')),
      "lies about its size",
    ],
    ["three offsets", file(one('"dtype":"U8","shape":[0],"data_offsets":[0,0,0]')), "bad data_offsets"],
    ["a negative offset", file(one('"dtype":"U8","shape":[0],"data_offsets":[-1,0]')), "bad data_offsets"],
    ["offsets in reverse", file(one('"dtype":"U8","shape":[0],"data_offsets":[1,0]'), [1]), "ends before it begins"],
    ["data beyond the end", file(one('"dtype":"U8","shape":[2],"data_offsets":[0,2]'), [1]), "truncated"],
    [
      "fewer bytes than the shape",
      file(one('"dtype":"F32","shape":[2],"data_offsets":[0,4]'), [1, 2, 3, 4]),
      "lies about its size",
    ],
    ["bytes before the first array", file(one('"dtype":"U8","shape":[1],"data_offsets":[1,2]'), [1, 2]), "belong to no array"],
    ["bytes after the last array", file(one('"dtype":"U8","shape":[1],"data_offsets":[0,1]'), [1, 2]), "belong to no array"],
    ["a BOOL of 2", file(one('"dtype":"BOOL","shape":[1],"data_offsets":[0,1]'), [2]), "holds the byte 2"],
    ["metadata that are no strings", file('{"__metadata__":{"a":1}}'), "strings only"],
    ["metadata that are a list", file('{"__metadata__":[]}'), "strings only"],
  ])("%s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(FileError);
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  const byte = (begin: number, end: number) => `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
  test("overlapping arrays", () => {
    expect(() => readSafetensors(file(`{"a":${byte(0, 2)},"b":${byte(1, 3)}}`, [1, 2, 3]))).toThrow(
      '"a" and "b" are overlapping',
    );
  });

  test("duplicate names, also when spelt differently or inside a description", () => {
    expect(() => readSafetensors(file(`{"a":${byte(0, 1)},"\\u0061":${byte(0, 1)}}`, [1]))).toThrow('duplicate name "a"');
    const twice = file(one('"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]'), [1]);
    expect(() => readSafetensors(twice)).toThrow('duplicate name "dtype"');
  });

  test("every cut of a good file", () => {
    const good = writeSafetensors(ALL);
    for (let length = 0; length < good.length; length++) {
      expect(() => readSafetensors(good.subarray(0, length)), `${length} bytes`).toThrow(FileError);
    }
  });

  test("a flipped byte is an error or still a map, never another exception", () => {
    const good = writeSafetensors(ALL, { a: "b" });
    for (let i = 0; i < good.length; i++) {
      const bad = good.slice();
      bad[i] = bad[i]! ^ 0x11;
      try {
        expect(readSafetensors(bad)).toBeInstanceOf(Map);
      } catch (error) {
        expect(error).toBeInstanceOf(FileError);
      }
    }
  });
});

test("what would not be readable is not written", () => {
  const x: SafetensorsEntry = { dtype: "U8", shape: [1], data: new Uint8Array(1) };
  const wrong: [string, SafetensorsEntry][][] = [
    [
      ["a", x],
      ["a", x],
    ],
    [["__metadata__", x]],
    [["\ud800", x]],
    [["a", { ...x, shape: [2] }]],
    [["a", { ...x, shape: [-1] }]],
    [["a", { ...x, dtype: "F32" }]],
    [["a", { ...x, dtype: "F8" as "U8" }]],
  ];
  for (const entries of wrong) expect(() => writeSafetensors(entries)).toThrow(ValueError);
});
