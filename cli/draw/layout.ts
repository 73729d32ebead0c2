import ELK, { type ElkNode } from "elkjs/lib/elk.bundled.js";
import type { Topology } from "../topology";
import { type Box, contentsOf, LINE, type Line, PAD } from "./contents";

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A box, and where it stands. */
export type PlacedBox = Box & Point;

/** A line, and its way from the one that stands first to the other. */
export type PlacedLine = Line & { readonly points: readonly Point[] };

/** A drawing in which everything has its place. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Those that hold others come first. */
  readonly boxes: readonly PlacedBox[];
  readonly lines: readonly PlacedLine[];
}

/** Options of the Eclipse Layout Kernel (https://eclipse.dev/elk/reference/options.html). */
const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.json.shapeCoords": "ROOT",
  "elk.json.edgeCoords": "ROOT",
  "elk.padding": "[top=16,left=16,bottom=16,right=16]",
  "elk.spacing.nodeNode": "18",
  "elk.spacing.edgeNode": "14",
  "elk.layered.spacing.nodeNodeBetweenLayers": "28",
  "elk.layered.spacing.edgeNodeBetweenLayers": "14",
  // In the order of a request, as far as it is free.
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
};
const FOLDED = { "elk.layered.wrapping.strategy": "MULTI_EDGE", "elk.aspectRatio": "0.7" };
const NESTED = { "elk.hierarchyHandling": "INCLUDE_CHILDREN" };

const rounded = (value: number | undefined): number => Math.round((value ?? 0) * 10) / 10;

/** Gives everything in a drawing its place. The same topology always gets the same drawing. */
export async function layoutOf(topology: Topology): Promise<Layout> {
  const { boxes, lines, folded } = contentsOf(topology);
  const ids = new Map(boxes.map(({ id }, at) => [id, `box${at}`]));
  const idOf = (box: string): string => ids.get(box) ?? box;
  const held = (cluster: string | undefined) => (box: Box) =>
    cluster === undefined
      ? box.kind === "cluster" || folded || box.cluster === undefined
      : box.kind !== "cluster" && box.cluster?.id === cluster;
  const nodeOf = (box: Box): ElkNode => {
    const { id, kind, cluster, width, height, lines: text } = box;
    if (kind !== "cluster") return { id: idOf(id), width, height };
    const top = PAD + LINE * (1 + text.length) + 4;
    return {
      id: idOf(id),
      children: boxes.filter(held(cluster?.id)).map(nodeOf),
      layoutOptions: {
        "elk.padding": `[top=${top},left=12,bottom=12,right=12]`,
        "elk.nodeSize.constraints": "MINIMUM_SIZE",
        "elk.nodeSize.minimum": `(${width},${height})`,
      },
    };
  };
  const drawing: ElkNode = {
    id: "drawing",
    layoutOptions: { ...OPTIONS, ...(folded ? FOLDED : NESTED) },
    children: boxes.filter(held(undefined)).map(nodeOf),
    edges: lines.map(({ box, network, before }, at) => ({
      id: `line${at}`,
      sources: [idOf(before ? network : box)],
      targets: [idOf(before ? box : network)],
    })),
  };
  const placed: ElkNode = await new ELK().layout(drawing);
  const places = new Map<string, ElkNode>();
  const note = (node: ElkNode): void => {
    places.set(node.id, node);
    node.children?.forEach(note);
  };
  note(placed);
  const ways = new Map((placed.edges ?? []).map((edge) => [edge.id, edge.sections ?? []]));
  return {
    width: Math.ceil(placed.width ?? 0),
    height: Math.ceil(placed.height ?? 0),
    boxes: [...boxes]
      .sort((one, other) => Number(other.kind === "cluster") - Number(one.kind === "cluster"))
      .map((box) => {
        const { x, y, width, height } = places.get(idOf(box.id)) ?? {};
        return { ...box, x: rounded(x), y: rounded(y), width: rounded(width), height: rounded(height) };
      }),
    lines: lines.map((line, at) => ({
      ...line,
      points: (ways.get(`line${at}`) ?? [])
        .flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint])
        .map(({ x, y }) => ({ x: rounded(x), y: rounded(y) })),
    })),
  };
}
