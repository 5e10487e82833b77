import { Matrix } from "../../base/matrix.ts";
import { seededRandom } from "../../base/random.ts";
import type { Graph } from "./fuzzy_graph.ts";
import { principalComponents } from "../../neighbors/principal_components.ts";
import { spectralStart } from "./spectral_start.ts";

/** Parts with fewer points than this have no shape to speak of: they start at random places. */
const FEWEST = 4;

/**
 * A start for a graph that may fall into parts without an edge between them, as umap-learn's
 * `multi_component_layout`: each part by its own smooth functions, around the place of its mean row, and
 * no larger than half the way to the next one. The functions of the whole graph would put all points of a
 * part in one place. Unlike umap-learn, the means' places are always their principal components.
 *
 * @param X The rows that are the graph's vertices
 * @returns [vertices, 2]
 */
export function componentStart(graph: Graph, X: Matrix, seed: number): Float32Array {
  const parts = connectedParts(graph);
  if (parts.length === 1) return spectralStart(graph, seed);
  const centers = principalComponents(meanRows(X, parts), 2, seed);
  const random = seededRandom(seed);
  const places = new Float32Array(2 * X.rows);
  parts.forEach((vertices, part) => {
    const reach = nearest(centers, part) / 2;
    const own = vertices.length < FEWEST
      ? Float32Array.from({ length: 2 * vertices.length }, () => 2 * random() - 1)
      : spectralStart(subgraph(graph, vertices), seed);
    const largest = own.reduce((x, y) => Math.max(x, Math.abs(y)), 0) || 1;
    vertices.forEach((vertex, i) => {
      for (let d = 0; d < 2; d++) {
        places[2 * vertex + d] = centers[2 * part + d]! + own[2 * i + d]! / largest * reach;
      }
    });
  });
  return places;
}

/** The vertices of each part that hangs together, in rising order; parts by their first vertex. */
function connectedParts({ starts, ends }: Graph): Int32Array[] {
  const n = starts.length - 1;
  const seen = new Uint8Array(n), queue = new Int32Array(n);
  const parts: Int32Array[] = [];
  for (let first = 0; first < n; first++) {
    if (seen[first]) continue;
    seen[first] = 1;
    queue[0] = first;
    let size = 1;
    for (let at = 0; at < size; at++) {
      const i = queue[at]!;
      for (let e = starts[i]!; e < starts[i + 1]!; e++) {
        const j = ends[e]!;
        if (seen[j]) continue;
        seen[j] = 1;
        queue[size++] = j;
      }
    }
    parts.push(queue.slice(0, size).sort());
  }
  return parts;
}

function subgraph({ starts, ends, weights }: Graph, vertices: Int32Array): Graph {
  const number = new Map(Array.from(vertices, (vertex, i) => [vertex, i]));
  const edges = Array.from(vertices, (i) => ends.subarray(starts[i]!, starts[i + 1]!));
  const ownStarts = new Int32Array(vertices.length + 1);
  edges.forEach((list, i) => ownStarts[i + 1] = ownStarts[i]! + list.length);
  const ownEnds = new Int32Array(ownStarts[vertices.length]!);
  const ownWeights = new Float32Array(ownEnds.length);
  edges.forEach((list, i) => {
    ownEnds.set(list.map((j) => number.get(j)!), ownStarts[i]!);
    ownWeights.set(
      weights.subarray(starts[vertices[i]!]!, starts[vertices[i]! + 1]!),
      ownStarts[i]!,
    );
  });
  return { starts: ownStarts, ends: ownEnds, weights: ownWeights };
}

function meanRows(X: Matrix, parts: readonly Int32Array[]): Matrix {
  const means = new Float32Array(parts.length * X.cols);
  parts.forEach((vertices, part) => {
    for (const vertex of vertices) {
      for (let c = 0; c < X.cols; c++) {
        means[part * X.cols + c]! += X.data[vertex * X.cols + c]! / vertices.length;
      }
    }
  });
  return new Matrix(means, parts.length, X.cols);
}

/** Distance of a place to the nearest other that does not coincide with it; 1 if there is none. */
function nearest(places: Float32Array, own: number): number {
  let least = Infinity;
  for (let i = 0; i < places.length / 2; i++) {
    const distance = Math.hypot(
      places[2 * i]! - places[2 * own]!,
      places[2 * i + 1]! - places[2 * own + 1]!,
    );
    if (distance > 0) least = Math.min(least, distance);
  }
  return least < Infinity ? least : 1;
}
