import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { defaultEfficiency } from '../../src/hardware/defaults.ts';
import { parseHardware } from '../../src/hardware/load.ts';
import { architectures, type HardwareProfile } from '../../src/hardware/profile.ts';
import { hardwareJsonSchema } from '../../src/hardware/schema.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = `${root}/hardware-profiles`;
const files = readdirSync(folder).filter((file) => file.endsWith('.json') && file !== 'schema.json');
const readJson = (file: string): unknown => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
const load = (name: string): Promise<HardwareProfile> =>
  parseHardware(readJson(`${name}.json`), `${name}.json`);

const specification = {
  memoryCapacity: '80 GB',
  memoryBandwidth: '3.35 TB/s',
  denseFlops: { bf16: '989 TFLOP/s' },
};
const source = { source: 'test' };

describe('shipped profiles', () => {
  it('are at least twenty', () => {
    expect(files.length).toBeGreaterThanOrEqual(20);
  });

  it.each(files)('%s obeys the laws of all hardware', async (file) => {
    const profile = await parseHardware(readJson(file), file);
    const { specification: spec, efficiency } = profile;
    const { bf16, fp8, fp4 } = spec.denseFlopsPerS;
    expect(profile.name).toBe(file.replace('.json', ''));
    expect(profile.architecture).not.toBe('other');
    // Ranges that a slip between bits, bytes, giga and tera, or 2^30 and 1e9 across a unit, would leave.
    expect(spec.memoryCapacityBytes).toBeGreaterThan(8e9);
    expect(spec.memoryCapacityBytes).toBeLessThan(1e12);
    expect(spec.memoryBandwidthBytesPerS).toBeGreaterThan(2e11);
    expect(spec.memoryBandwidthBytesPerS).toBeLessThan(2e13);
    expect(bf16).toBeGreaterThan(5e13);
    expect(bf16).toBeLessThan(1e16);
    expect(fp8 ?? bf16).toBeGreaterThanOrEqual(bf16);
    expect(fp4 ?? fp8 ?? bf16).toBeGreaterThanOrEqual(fp8 ?? bf16);
    if (spec.linkBandwidthBytesPerS !== null) {
      expect(spec.linkBandwidthBytesPerS).toBeLessThan(spec.memoryBandwidthBytesPerS);
    }
    const shares = [efficiency.attention.bandwidth, efficiency.attention.flops];
    for (const gemm of [efficiency.gemm.bf16, efficiency.gemm.fp8]) {
      shares.push(gemm.bandwidth, gemm.flops);
      expect(gemm.corner).toBeGreaterThanOrEqual(1);
      expect(gemm.corner).toBeLessThan(10);
    }
    for (const share of shares) {
      expect(share).toBeGreaterThan(0.4);
      expect(share).toBeLessThanOrEqual(1);
    }
    expect(efficiency.allReduce.map(({ gpus }) => gpus)).toEqual([2, 4, 8]);
    for (const { gpus, lines } of efficiency.allReduce) {
      for (const { latencyS, bytesPerS } of lines) {
        expect(latencyS).toBeGreaterThan(1e-6);
        expect(latencyS).toBeLessThan(1e-4);
        // No all-reduce beats a ring at full speed of the link.
        expect(bytesPerS).toBeLessThanOrEqual((spec.linkBandwidthBytesPerS! * gpus) / (2 * (gpus - 1)));
      }
    }
  });

  it.each(files)('%s has a source for every number', async (file) => {
    const { provenance } = await parseHardware(readJson(file), file);
    for (const [path, { source, meanError }] of Object.entries(provenance)) {
      expect(source, path).not.toBe('no source given');
      expect(meanError ?? 0, path).toBeLessThan(0.25);
    }
  });

  it('are written in SI units, so that mathjs is never loaded', () => {
    const forbid = `export async function resolve(specifier, context, next) {
      if (specifier === 'mathjs') throw new Error('mathjs was loaded');
      return next(specifier, context);
    }`;
    const program = `
      import { readFileSync } from 'node:fs';
      import { register } from 'node:module';
      register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(forbid)}`)});
      const { parseHardware } = await import('./src/hardware/load.ts');
      const outcome = (json, file) => parseHardware(json, file).then(() => 'parsed', (error) => error.message);
      for (const file of ${JSON.stringify(files)}) {
        console.log(await outcome(JSON.parse(readFileSync('hardware-profiles/' + file, 'utf8')), file));
      }
      console.log(await outcome({ specification: ${JSON.stringify({ ...specification, memoryCapacity: '80 gigabytes' })} }, 'my-gpu.json'));`;
    const arguments_ = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const output = execFileSync(process.execPath, arguments_, { cwd: root, encoding: 'utf8' });
    expect(output.trim().split('\n')).toEqual([...files.map(() => 'parsed'), 'mathjs was loaded']);
  });

  it('have an up-to-date JSON schema', () => {
    expect(readJson('schema.json')).toEqual(JSON.parse(JSON.stringify(hardwareJsonSchema())));
  });

  it.each([
    ['a800-sxm-80', 'a100-sxm-80'],
    ['h800-sxm', 'h100-sxm'],
    ['gh200-141', 'h200-sxm'],
  ])('%s reaches what the chip of %s reaches, over links of its own', async (name, twin) => {
    const [own, other] = [await load(name), await load(twin)];
    const { gemm, attention } = own.efficiency;
    expect({ gemm, attention }).toEqual({
      gemm: other.efficiency.gemm,
      attention: other.efficiency.attention,
    });
    expect(own.calibration).toBe('kernel tables');
    expect(own.provenance['efficiency.gemm.bf16']!.source).toMatch(`as ${twin}`);
    expect(own.provenance['efficiency.allReduce.2']!.source).toMatch('ring');
  });

  it('keep the data sheet and the fit apart', async () => {
    const { specification: spec, efficiency, provenance } = await load('rtx-pro-6000-server');
    expect(spec.memoryBandwidthBytesPerS).toBe(1792e9);
    expect(efficiency.gemm.bf16).toEqual({ bandwidth: 0.8424, flops: 0.8102, corner: 2.281 });
    expect(provenance['efficiency.gemm.bf16']).toMatchObject({
      engine: 'vllm 0.24.0',
      rows: 2381,
      heldOut: '1/5 of 122 weight shapes',
      date: '2026-11-23',
      kernelTimes: { t0: '8.626e-6 s' },
    });
  });

  it('reads h100-sxm to the digit', async () => {
    const h100 = await load('h100-sxm');
    expect(h100.calibration).toBe('kernel tables');
    expect(h100.specification).toEqual({
      memoryCapacityBytes: 84.93e9,
      memoryBandwidthBytesPerS: 3.35e12,
      denseFlopsPerS: { bf16: 989e12, fp8: 1979e12 },
      linkBandwidthBytesPerS: 450e9,
      l2Bytes: 50e6,
      streamingMultiprocessors: 132,
      powerW: 700,
      priceUsdPerH: null,
    });
    expect(h100.efficiency.gemm.bf16).toEqual({ bandwidth: 0.8864, flops: 0.816, corner: 3.4077 });
    expect(h100.efficiency.attention).toEqual({ bandwidth: 0.952, flops: 0.667 });
    expect(h100.efficiency.allReduce[2]).toEqual({
      gpus: 8,
      lines: [
        { latencyS: 4.916e-6, bytesPerS: 44.53e9 },
        { latencyS: 9.495e-6, bytesPerS: 202.4e9 },
      ],
    });
    expect(h100.provenance['efficiency.allReduce.8']).toMatchObject({ range: { bytes: [2048, 134217728] } });
  });

  it.each(architectures.filter((name) => defaultEfficiency(name).from !== null))(
    '%s: the defaults are those of the measured GPU they name, rounded',
    async (architecture) => {
      const { from, gemm, attention } = defaultEfficiency(architecture);
      const measured = await load(from!);
      expect(measured.architecture).toBe(architecture);
      for (const key of ['bandwidth', 'flops', 'corner'] as const) {
        expect(gemm.bf16[key]).toBeCloseTo(measured.efficiency.gemm.bf16[key], 2);
        if (gemm.fp8) expect(gemm.fp8[key]).toBeCloseTo(measured.efficiency.gemm.fp8[key], 2);
      }
      expect(attention.bandwidth).toBeCloseTo(measured.efficiency.attention.bandwidth, 2);
      expect(attention.flops).toBeCloseTo(measured.efficiency.attention.flops, 2);
    },
  );
});

describe('a user file', () => {
  it('may look like each example of the documentation', async () => {
    const page = readFileSync(`${root}/docs/adding-a-gpu.md`, 'utf8');
    const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map((match) => JSON.parse(match[1]!));
    const profiles = await Promise.all(examples.map((example) => parseHardware(example, 'my-gpu.json')));
    expect(profiles.map(({ calibration }) => calibration)).toEqual([
      'data sheet only',
      'generation',
      'kernel tables',
    ]);
  });

  it('needs three numbers', async () => {
    const profile = await parseHardware({ specification }, 'gpus/my-gpu.json');
    expect(profile).toMatchObject({ name: 'my-gpu', label: 'my-gpu', calibration: 'data sheet only' });
    expect(profile.specification).toEqual({
      memoryCapacityBytes: 80e9,
      memoryBandwidthBytesPerS: 3.35e12,
      denseFlopsPerS: { bf16: 989e12 },
      linkBandwidthBytesPerS: null,
      l2Bytes: null,
      streamingMultiprocessors: null,
      powerW: null,
      priceUsdPerH: null,
    });
    expect(profile.efficiency.gemm.bf16).toEqual({ bandwidth: 0.8, flops: 0.7, corner: 2.5 });
    expect(profile.efficiency.gemm.fp8).toEqual(profile.efficiency.gemm.bf16);
    expect(profile.efficiency.allReduce).toEqual([]);
    expect(profile.provenance['efficiency.gemm.bf16']?.source).toMatch(/generic prior/);
    expect(profile.provenance['specification.memoryBandwidth']?.source).toBe('no source given');
    expect(Object.isFrozen(profile.efficiency.gemm.bf16)).toBe(true);
  });

  it('takes the efficiency of its generation', async () => {
    const denseFlops = { ...specification.denseFlops, fp8: '1979 TFLOPS' };
    const json = { architecture: 'hopper', specification: { ...specification, denseFlops } };
    const { calibration, efficiency, provenance } = await parseHardware(json, 'my-gpu.json');
    expect(calibration).toBe('generation');
    expect(efficiency.gemm.fp8).toEqual({ bandwidth: 0.86, flops: 0.58, corner: 1.32 });
    expect(provenance['efficiency.gemm.fp8']?.source).toBe('generation hopper: rounded from h100-sxm');
  });

  it('earns its calibration by the rows and error of its fits', async () => {
    const calibrationWith = async (provenance: object) => {
      const gemm = { bf16: { bandwidth: 0.9, flops: 0.8, corner: 3, provenance } };
      const efficiency = { gemm, attention: { bandwidth: { share: 0.9, provenance } } };
      const profile = await parseHardware({ specification, efficiency }, 'my-gpu.json');
      expect(profile.efficiency.gemm.bf16).toEqual({ bandwidth: 0.9, flops: 0.8, corner: 3 });
      return profile.calibration;
    };
    expect(await calibrationWith(source)).toBe('data sheet only');
    expect(await calibrationWith({ ...source, rows: 300, meanError: 0.05 })).toBe('kernel tables');
  });

  it('derives the missing all-reduce laws from its link', async () => {
    const given = { gpus: 4, lines: [{ latency: '7 us', bandwidth: '100 GB/s' }], provenance: source };
    const json = {
      specification: { ...specification, linkBandwidth: '450 GB/s' },
      efficiency: { allReduce: [given] },
    };
    const { efficiency, provenance } = await parseHardware(json, 'my-gpu.json');
    expect(efficiency.allReduce).toEqual([
      { gpus: 2, lines: [{ latencyS: 5e-6, bytesPerS: 315e9 }] },
      { gpus: 4, lines: [{ latencyS: 7e-6, bytesPerS: 100e9 }] },
      { gpus: 8, lines: [{ latencyS: 5e-6, bytesPerS: 180e9 }] },
    ]);
    expect(provenance['efficiency.allReduce.8']?.source).toMatch(/^assumed: a ring/);
    expect(provenance['efficiency.allReduce.4']).toEqual(source);
  });

  it('may hold a share that is not physical when it says that it was kept', async () => {
    const provenance = { ...source, unphysical: true };
    const efficiency = {
      gemm: { bf16: { bandwidth: 1.1, flops: 0.8, corner: 0.9, provenance } },
      attention: { bandwidth: { share: 1.02, provenance } },
    };
    const profile = await parseHardware({ specification, efficiency }, 'my-gpu.json');
    expect(profile.efficiency.gemm.bf16).toEqual({ bandwidth: 1.1, flops: 0.8, corner: 0.9 });
    expect(profile.efficiency.attention.bandwidth).toBe(1.02);
  });

  const { memoryBandwidth: _, ...withoutBandwidth } = specification;
  const gemm = { bandwidth: 0.9, flops: 0.8, corner: 3, provenance: source };
  it.each<[string, unknown, string]>([
    ['an array', [], 'got [], expected object'],
    ['nothing', null, 'got null, expected object'],
    ['no specification', {}, 'specification: missing, expected object'],
    [
      'a missing unit',
      { specification: { ...specification, memoryBandwidth: 3350 } },
      'specification.memoryBandwidth: missing unit: got 3350, expected a positive quantity in B/s such as "3.35 TB/s"',
    ],
    [
      'a negative number',
      { specification: { ...specification, memoryCapacity: '-80 GB' } },
      'specification.memoryCapacity: got "-80 GB", which is not positive, expected a positive quantity in B such as "80 GB"',
    ],
    [
      'NaN',
      { specification: { ...specification, denseFlops: { bf16: Number.NaN } } },
      'specification.denseFlops.bf16: got NaN, expected a positive quantity in FLOP/s such as "989 TFLOP/s"',
    ],
    [
      'another dimension',
      { specification: { ...specification, memoryBandwidth: '3.35 TB' } },
      'specification.memoryBandwidth: got "3.35 TB", expected a positive quantity in B/s such as "3.35 TB/s"',
    ],
    [
      'a missing number',
      { specification: withoutBandwidth },
      'specification.memoryBandwidth: missing, expected a positive quantity in B/s such as "3.35 TB/s"',
    ],
    [
      'a misspelt key',
      { specification: { ...withoutBandwidth, memoryBandwith: '3.35 TB/s' } },
      'specification: unknown key "memoryBandwith": nearest is memoryBandwidth (known: memoryCapacity, memoryBandwidth, denseFlops, linkBandwidth, l2, streamingMultiprocessors, power, price)',
    ],
    [
      'a misspelt generation',
      { architecture: 'hoper', specification },
      `architecture: unknown name "hoper": nearest is hopper (known: ${architectures.join(', ')})`,
    ],
    [
      'a generation that is no text',
      { architecture: 9, specification },
      `architecture: got 9, expected one of ${architectures.join(', ')}`,
    ],
    [
      'part of a multiprocessor',
      { specification: { ...specification, streamingMultiprocessors: 1.5 } },
      'specification.streamingMultiprocessors: got 1.5, expected a positive whole number',
    ],
    [
      'a share above 1',
      { specification, efficiency: { gemm: { bf16: { ...gemm, flops: 1.2 } } } },
      'efficiency.gemm.bf16.flops: got 1.2, expected a share of the specification, above 0 and at most 1',
    ],
    [
      'a corner below 1',
      { specification, efficiency: { gemm: { bf16: { ...gemm, corner: 0.9 } } } },
      'efficiency.gemm.bf16.corner: got 0.9, expected at least 1',
    ],
    [
      'a share without its source',
      { specification, efficiency: { attention: { flops: { share: 0.5 } } } },
      'efficiency.attention.flops.provenance: missing, expected object',
    ],
    [
      'an efficiency of units that are not there',
      { specification, efficiency: { gemm: { fp8: gemm } } },
      'efficiency.gemm.fp8: has no effect, expected specification.denseFlops.fp8 beside it',
    ],
    [
      'two laws for one number of gpus',
      {
        specification,
        efficiency: {
          allReduce: [
            { gpus: 2, lines: [{ latency: '5e-6 s', bandwidth: '1e11 B/s' }], provenance: source },
            { gpus: 2, lines: [{ latency: '6e-6 s', bandwidth: '1e11 B/s' }], provenance: source },
          ],
        },
      },
      'efficiency.allReduce[1].gpus: got 2 a second time, expected one law for each number of gpus',
    ],
  ])('with %s is refused in one line', async (_, json, message) => {
    const error: unknown = await parseHardware(json, 'my-gpu.json').catch((reason) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toBe(`my-gpu.json: ${message}`);
  });
});
