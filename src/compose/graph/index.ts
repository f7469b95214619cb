export { drawSvg } from './draw-svg.ts';
export { drawText } from './draw-text.ts';
export { type GraphEdge, type GraphNode, type ProjectGraph, projectGraph } from './project-graph.ts';
