/** Cycles in a graph of linkages (Tarjan's strongly connected components, without recursion). */

export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** A shortest cycle of each strongly connected component that has one. */
export function findCycles(graph: Graph): string[][] {
  return components(graph).flatMap((component) => {
    const start = component[0] as string;
    const cycle = cycleThrough(graph, start, new Set(component));
    return cycle === undefined ? [] : [cycle];
  });
}

function components(graph: Graph): string[][] {
  const found: string[][] = [];
  const number = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  for (const root of graph.keys()) {
    if (number.has(root)) continue;
    const work: { node: string; next: Iterator<string> }[] = [];
    const enter = (node: string) => {
      number.set(node, number.size);
      low.set(node, number.size - 1);
      stack.push(node);
      onStack.add(node);
      work.push({ node, next: (graph.get(node) ?? new Set<string>()).values() });
    };
    enter(root);
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const { node, next } = top;
      const step = next.next();
      if (!step.done) {
        if (!number.has(step.value)) enter(step.value);
        else if (onStack.has(step.value)) lower(low, node, number.get(step.value));
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent !== undefined) lower(low, parent.node, low.get(node));
      if (low.get(node) !== number.get(node)) continue;
      const from = stack.lastIndexOf(node);
      const component = stack.splice(from);
      for (const member of component) onStack.delete(member);
      found.push(component);
    }
  }
  return found;
}

function lower(low: Map<string, number>, node: string, value: number | undefined): void {
  low.set(node, Math.min(low.get(node) ?? 0, value ?? 0));
}

/** Breadth first, so that the cycle that is shown is as short as it gets. */
function cycleThrough(graph: Graph, start: string, within: ReadonlySet<string>): string[] | undefined {
  const before = new Map<string, string>();
  let front = [start];
  while (front.length > 0) {
    const next: string[] = [];
    for (const node of front)
      for (const to of graph.get(node) ?? []) {
        if (to === start) {
          const cycle = [node];
          for (let at = node; at !== start; ) {
            at = before.get(at) as string;
            cycle.unshift(at);
          }
          return cycle;
        }
        if (!within.has(to) || before.has(to)) continue;
        before.set(to, node);
        next.push(to);
      }
    front = next;
  }
  return undefined;
}
