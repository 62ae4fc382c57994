/** The sets of `specsim validate` that were measured under other engines than vLLM 0.10; figures in validation/engines. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { predictFigures } from '../scenario/calibrate-serving.ts';
import { readServing } from '../scenario/serving-table.ts';
import { folderLibrary } from './folder-library.ts';
import type { Role } from './validation.ts';

interface EngineFigures {
  readonly set: string;
  readonly title: string;
  readonly role: Role;
  readonly engine: string;
  readonly gpu: string;
  readonly file: string;
}

const TREE_STEPS = {
  title: 'step of EAGLE-3 over a plain one, batch 1, SGLang 0.5 on h200-sxm',
  engine: 'sglang-0.5',
  gpu: 'h200-sxm',
};

export const ENGINE_FIGURES: readonly EngineFigures[] = [
  { ...TREE_STEPS, set: 'tree-fit', role: 'calibration', file: 'sglang-0.5-tree-fit.csv' },
  { ...TREE_STEPS, set: 'tree-steps', role: 'validation', file: 'sglang-0.5-tree-steps.csv' },
];

export interface EnginePoint {
  readonly setting: string;
  readonly measured: number;
  readonly predicted: number;
  /** Percent of the measured. */
  readonly error: number;
}

export async function enginePoints({ engine, gpu, file }: EngineFigures): Promise<EnginePoint[]> {
  const path = fileURLToPath(new URL(`../../validation/engines/${file}`, import.meta.url));
  const { figures } = readServing(readFileSync(path, 'utf8'), file);
  const predicted = await predictFigures({ gpu, engine }, figures, folderLibrary);
  return predicted.map(({ figure: { options, value }, predicted }) =>
    enginePoint([options.target, options.method, options.tree].join(' '), value, predicted),
  );
}

/** A point with its error. */
export function enginePoint(setting: string, measured: number, predicted: number): EnginePoint {
  return { setting, measured, predicted, error: 100 * (predicted / measured - 1) };
}
