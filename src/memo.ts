/** What was made before and is not made again: of a map, of objects that several share, and in groups. */

/** What a map holds for a key, made when it is first asked for. */
export function entry<K, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** What is made when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Items by key, both in the order in which they came (Map.groupBy, which Node has from 21 on). */
export function grouped<K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) entry(groups, keyOf(item), () => []).push(item);
  return groups;
}

interface Shelf<V> {
  readonly below: WeakMap<object, Shelf<V>>;
  readonly values: Map<string | number | null, V>;
}

/**
 * Values that follow from objects and a name: whoever asks with the same ones, not with copies, finds them made. They
 * are kept as long as the objects.
 */
export class Memo<V> {
  #shelves = new WeakMap<object, Shelf<V>>();
  readonly #most: number;

  /** @param most values of the same objects: of more, the one that was not asked for longest is made anew */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  /** @param of at least one object; their order counts */
  get(of: readonly object[], name: string | number | null, make: () => V): V {
    let shelves = this.#shelves;
    let shelf: Shelf<V> | undefined;
    for (const object of of) {
      shelf = entry(shelves, object, () => ({ below: new WeakMap<object, Shelf<V>>(), values: new Map() }));
      shelves = shelf.below;
    }
    const { values } = shelf!;
    const value = entry(values, name, make);
    if (this.#most < Number.POSITIVE_INFINITY) {
      values.delete(name);
      values.set(name, value);
      if (values.size > this.#most) values.delete(values.keys().next().value!);
    }
    return value;
  }
}
