// PURE. The edges of a graph that lie on a circle: those inside a strongly connected component (Tarjan's algorithm).

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

/** Each edge on a circle, with the number of nodes that are entangled there. */
export function circleEdges(edges: readonly Edge[]): readonly (Edge & { readonly size: number })[] {
  const component = componentsOf(edges);
  const sizes = new Map<number, number>();
  for (const number of component.values()) sizes.set(number, (sizes.get(number) ?? 0) + 1);
  return edges.flatMap((edge) => {
    const number = component.get(edge.from);
    if (number === undefined || number !== component.get(edge.to)) return [];
    const size = sizes.get(number) ?? 1;
    return size > 1 || edge.from === edge.to ? [{ ...edge, size }] : [];
  });
}

function componentsOf(edges: readonly Edge[]): ReadonlyMap<string, number> {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const component = new Map<string, number>();
  const open: string[] = [];
  const visit = (node: string): number => {
    const own = order.size;
    let low = own;
    order.set(node, own);
    open.push(node);
    for (const other of next.get(node) ?? []) {
      if (component.has(other)) continue;
      low = Math.min(low, order.has(other) ? (lowest.get(other) ?? order.get(other) ?? own) : visit(other));
    }
    lowest.set(node, low);
    if (low === own) for (const member of open.splice(open.indexOf(node))) component.set(member, own);
    return low;
  };
  for (const node of next.keys()) if (!order.has(node)) visit(node);
  return component;
}
