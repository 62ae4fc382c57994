/**
 * Number formats of weights: how many bytes one takes, at which rate it is multiplied, and by which kernel, since the
 * same bits run several times faster under one kernel than under another (docs/physics.md, formats).
 */

/** The arithmetic units that products run on. */
export type Arithmetic = 'bf16' | 'fp8' | 'int8' | 'fp4';

export interface Format {
  /** With the scales beside the weights. */
  readonly bytesPerWeight: number;
  /** The rate it is multiplied at; where the GPU lacks it, `bf16`. */
  readonly compute: Arithmetic;
  readonly what: string;
}

const format = (bytesPerWeight: number, compute: Arithmetic, what: string): Format => ({
  bytesPerWeight,
  compute,
  what,
});

/** Every format that has a name; a name is one format under one kernel. */
export const FORMATS = {
  bf16: format(2, 'bf16', 'bf16'),
  fp8: format(1, 'fp8', 'fp8 weights and activations, a scale a tensor'),
  'fp8-block': format(1 + 4 / (128 * 128), 'fp8', 'fp8, a scale a block of 128 x 128 (DeepSeek)'),
  int8: format(1, 'int8', 'int8 weights and activations (SmoothQuant)'),
  'int8-weight': format(1, 'bf16', 'int8 weights, multiplied in bf16'),
  int4: format(0.5 + 2 / 128, 'bf16', '4-bit weights in groups of 128, multiplied in bf16 (Marlin, Machete)'),
  'int4-old': format(0.5 + 2 / 128, 'bf16', 'the same under older kernels (exllama, AWQ, bitsandbytes)'),
  nvfp4: format(0.5 + 1 / 16, 'fp4', '4-bit floats in groups of 16, weights and activations'),
  mxfp4: format(0.5 + 1 / 32, 'bf16', '4-bit floats in groups of 32, multiplied in bf16 (gpt-oss)'),
  q8_0: format(34 / 32, 'bf16', "llama.cpp's 8-bit blocks of 32"),
  q6_k: format(210 / 256, 'bf16', "llama.cpp's 6-bit blocks of 256"),
  q5_k: format(176 / 256, 'bf16', "llama.cpp's 5-bit blocks of 256"),
  q4_k: format(144 / 256, 'bf16', "llama.cpp's 4-bit blocks of 256"),
} as const satisfies Readonly<Record<string, Format>>;

export type WeightFormat = keyof typeof FORMATS;

export const WEIGHT_FORMATS = Object.keys(FORMATS) as readonly WeightFormat[];

/** Bytes of one number of the KV cache. */
export const KV_BYTES = { bf16: 2, fp8: 1 } as const;

export type KvFormat = keyof typeof KV_BYTES;
