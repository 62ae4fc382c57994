/** What ships, in the page: texts byte for byte, since the hash of a scenario takes them in. Made by scripts/page.mjs. */
declare module 'shipped' {
  type Texts = Readonly<Record<string, string>>;
  export const profiles: Readonly<Record<'gpu' | 'kernels' | 'engine' | 'model' | 'head', Texts>>;
  /** By target, then by data set. */
  export const traces: Readonly<Record<string, Texts>>;
}
