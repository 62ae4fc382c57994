/** What a drawn picture holds, read back from its text alone. */

export type Element = { readonly name: string; readonly text: string; readonly title: string } & Readonly<
  Record<string, string>
>;

/** Elements of one name, with their attributes, in order. */
export function elements(svg: string, name: string): Element[] {
  const found = svg.matchAll(new RegExp(`<${name}((?: [\\w-]+="[^"]*")*)(?:/>|>(.*?)</${name}>)`, 'gs'));
  return [...found].map(([, attributes, inner = '']) => {
    const title = /^<title>(.*?)<\/title>/s.exec(inner)?.[1] ?? '';
    const pairs = [...attributes!.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value]);
    return {
      ...Object.fromEntries(pairs),
      name,
      title: plain(title),
      text: plain(inner.replace(/^<title>.*?<\/title>/s, '')),
    };
  });
}

/** Marks in order, whatever their shape. */
export function marks(svg: string): Element[] {
  return ['circle', 'rect', 'path'].flatMap((name) =>
    elements(svg, name).filter((element) => element.class === 'mark'),
  );
}

export function plain(escaped: string): string {
  return escaped.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}
