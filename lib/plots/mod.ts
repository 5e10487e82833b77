/**
 * Figures as values: drawings, tables, and the map to explore; nothing here displays anything by itself.
 * May import `dataset/`'s and `metrics/`' types, `notebook/` and `base/`.
 *
 * @module
 */
export { classScatter, type ClassScatterOptions, type ScatterPanel } from "./class_scatter.ts";
export {
  comparisonChart,
  type ComparisonChartOptions,
  type ComparisonRow,
} from "./comparison_chart.ts";
export { confusionHeatmap, type ConfusionHeatmapOptions } from "./confusion_heatmap.ts";
export type { Figure, InteractiveFigure } from "./figure.ts";
export {
  type GridScore,
  gridSearchHeatmap,
  type GridSearchHeatmapOptions,
} from "./grid_search_heatmap.ts";
export { imageGrid, type ImageGridOptions } from "./image_grid.ts";
export { interactiveMap, type InteractiveMapOptions } from "./interactive_map.ts";
export { learningCurves, type LearningCurvesOptions } from "./learning_curves.ts";
export { saveFigure, type SaveFigureOptions } from "./save_figure.ts";
export type { ColorScheme } from "./theme.ts";
export {
  trainingSizeCurves,
  type TrainingSizeCurvesOptions,
  type TrainingSizeMean,
} from "./training_size_curves.ts";
export { showTable, type Table, type TableColumn, type TableOptions } from "./table.ts";
