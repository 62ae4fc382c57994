/** Writes what was fitted into the JSON of a hardware profile. */
import { type Fitted, scientific, valuesOf } from './calibrate.ts';

type Json = Record<string, unknown>;

/** The profile with the fitted efficiencies in place of its own; what was not fitted stays as it is. */
export function withFitted(profile: Readonly<Json>, fitted: readonly Fitted[]): Json {
  const efficiency: Json = { ...(profile.efficiency as Json | undefined) };
  const laws = [...((efficiency.allReduce as { gpus: number }[] | undefined) ?? [])];
  for (const { place, provenance, values, law } of fitted) {
    if (place === null) continue;
    const [part, key] = place.split('.') as [string, string];
    if (part !== 'allReduce') {
      efficiency[part] = { ...(efficiency[part] as Json | undefined), [key]: { ...values, provenance } };
      continue;
    }
    const gpus = Number(key);
    const i = laws.findIndex((one) => one.gpus === gpus);
    const entry = { gpus, lines: linesOf(valuesOf(law)), provenance };
    if (i < 0) laws.push(entry);
    else laws[i] = entry;
  }
  if (laws.length > 0) efficiency.allReduce = laws.sort((a, b) => a.gpus - b.gpus);
  return { ...profile, efficiency };
}

function linesOf(values: Readonly<Record<string, number>>): { latency: string; bandwidth: string }[] {
  const line = (number: string) => ({
    latency: scientific(values[`latency${number}`]!, 's'),
    bandwidth: scientific(values[`rate${number}`]!, 'B/s'),
  });
  return values.latency === undefined ? [line(' 1'), line(' 2')] : [line('')];
}
