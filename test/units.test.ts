import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../src/errors.ts';
import { parseQuantity, type SiUnit } from '../src/units.ts';

const where = 'my-gpu.json: specification.memoryBandwidth';

async function problem(input: unknown, unit: SiUnit): Promise<string> {
  const error: unknown = await parseQuantity(input, unit, where).then(
    (value) => expect.unreachable(`accepted as ${value}`),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).not.toContain('\n');
  expect(message.startsWith(`${where}: `)).toBe(true);
  return message.slice(where.length + 2);
}

describe('parseQuantity', () => {
  it.each<[unknown, SiUnit, number]>([
    ['3.35 TB/s', 'B/s', 3.35e12],
    ['3350e9 B/s', 'B/s', 3.35e12],
    [{ value: 3350, unit: 'GB/s', source: 'data sheet' }, 'B/s', 3.35e12],
    [{ value: '3.35 TB/s', source: 'data sheet' }, 'B/s', 3.35e12],
    ['1 GB', 'B', 1e9],
    ['1 GiB', 'B', 2 ** 30],
    ['80GB', 'B', 80e9],
    ['800 Gb/s', 'B/s', 100e9],
    ['20 Mbit/s', 'B/s', 2.5e6],
    ['800 GB/s', 'B/s', 800e9],
    ['1 B/us', 'B/s', 1e6],
    ['989 TFLOP/s', 'FLOP/s', 989e12],
    ['989 TFLOPS', 'FLOP/s', 989e12],
    ['2.25 PFLOP/s', 'FLOP/s', 2.25e15],
    ['0.7 kW', 'W', 700],
    ['5 us', 's', 5e-6],
  ])('reads %j as %s', async (input, unit, expected) => {
    expect(await parseQuantity(input, unit, where)).toBe(expected);
  });

  it('asks for the unit a bare number lacks, with an example', async () => {
    const advice = 'expected a positive quantity in B/s such as "3.35 TB/s"';
    expect(await problem(3.35, 'B/s')).toBe(`missing unit: got 3.35, ${advice}`);
    expect(await problem('3.35', 'B/s')).toBe(`missing unit: got "3.35", ${advice}`);
    expect(await problem({ value: 3.35 }, 'B/s')).toBe(`missing unit: got {"value":3.35}, ${advice}`);
    expect(await problem({ value: 3.35, unit: '' }, 'B/s')).toBe(`missing unit: got 3.35, ${advice}`);
  });

  it.each<[unknown, SiUnit, string]>([
    ['-3 TB/s', 'B/s', 'got "-3 TB/s", which is not positive'],
    ['0 B/s', 'B/s', 'got "0 B/s", which is not positive'],
    [{ value: -1, unit: 'B' }, 'B', 'got "-1 B", which is not positive'],
    [Number.NaN, 'B/s', 'got NaN'],
    [{ value: Number.NaN, unit: 'B/s' }, 'B/s', 'got NaN'],
    ['NaN TB/s', 'B/s', 'got "NaN TB/s"'],
    ['1e999 B/s', 'B/s', 'got "1e999 B/s"'],
    ['3 TB', 'B/s', 'got "3 TB"'],
    ['3 TB/s', 'FLOP/s', 'got "3 TB/s"'],
    ['3 FLOP', 'FLOP/s', 'got "3 FLOP"'],
    ['3 TBps', 'B/s', 'unknown unit "TBps"'],
    ['fast', 'B/s', 'got "fast"'],
    [null, 'B/s', 'got null'],
    [['3 TB/s'], 'B/s', 'got ["3 TB/s"]'],
    [{ value: '3 TB/s', unit: 'B/s' }, 'B/s', 'got "3 TB/s"'],
    [undefined, 'B/s', 'missing'],
  ])('refuses %j in %s', async (input, unit, expected) => {
    const message = await problem(input, unit);
    expect(message.startsWith(`${expected}, expected a positive quantity in ${unit} such as `)).toBe(true);
  });

  it('names the nearest key', async () => {
    expect(await problem({ valeu: 3, unit: 'B/s' }, 'B/s')).toBe(
      'unknown key "valeu": nearest is value (known: value, unit, source)',
    );
  });

  it('reads back what was written in any unit', async () => {
    const units: readonly (readonly [string, SiUnit, number])[] = [
      ['kB', 'B', 1e3],
      ['GB', 'B', 1e9],
      ['MiB', 'B', 2 ** 20],
      ['GiB', 'B', 2 ** 30],
      ['Tb', 'B', 1e12 / 8],
      ['MB/s', 'B/s', 1e6],
      ['TB/s', 'B/s', 1e12],
      ['Gb/s', 'B/s', 1e9 / 8],
      ['TFLOP/s', 'FLOP/s', 1e12],
      ['PFLOPS', 'FLOP/s', 1e15],
      ['mW', 'W', 1e-3],
      ['us', 's', 1e-6],
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...units),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        async ([unit, si, factor], value) => {
          const parsed = await parseQuantity(`${value} ${unit}`, si, where);
          expect(Math.abs(parsed / (value * factor) - 1)).toBeLessThan(1e-14);
          expect(await parseQuantity({ value, unit }, si, where)).toBe(parsed);
          expect(await parseQuantity(`${parsed} ${si}`, si, where)).toBe(parsed);
        },
      ),
    );
  });
});

describe('the table of units', () => {
  const bases = ['B', 'b', 'B/s', 'b/s', 'FLOP/s', 'FLOPS', 'W', 's'];
  const prefixes = ['', 'm', 'u', 'k', 'M', 'G', 'T', 'P'];
  const binary = ['Ki', 'Mi', 'Gi', 'Ti'].flatMap((prefix) =>
    ['B', 'b', 'B/s', 'b/s'].map((b) => prefix + b),
  );
  const whole = ['ns', 'min', 'minute', 'minutes', 'h', 'hour', 'hours', 'USD/h'];
  const SI: readonly SiUnit[] = ['B', 'B/s', 'FLOP/s', 'W', 's', 'USD/h'];

  it('says what mathjs says, of every unit in it', async () => {
    const { unitFactor } = await import('../src/unit-factors.ts');
    const named = [
      ...bases.flatMap((base) =>
        prefixes
          .filter((prefix) => !/^[mu]$/.test(prefix) || !/^[Bb]/.test(base))
          .map((prefix) => prefix + base),
      ),
      ...binary,
      ...whole,
    ];
    for (const name of named) {
      for (const unit of SI) {
        const read = await parseQuantity(`1 ${name}`, unit, where).catch(() => null);
        const expected = unitFactor(name, unit);
        if (typeof expected === 'string') expect(read, `${name} as ${unit}`).toBeNull();
        else expect(read, `${name} as ${unit}`).toBeCloseTo(expected, 12 - Math.log10(expected));
      }
    }
  });
});
