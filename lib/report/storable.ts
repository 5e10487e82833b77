import type { Notebook } from "./notebook.ts";
import { FRAME_TYPE } from "./render_page.ts";

/** Interactive pages larger than this stay in the report and are not stored in the notebook. */
const MAX_FRAME_BYTES = 200_000;

/** The notebook as it is to be committed: without interactive pages of many megabytes. */
export function storable(notebook: Notebook): Notebook {
  return {
    ...notebook,
    cells: notebook.cells.map((cell) => {
      if (!cell.outputs) return cell;
      const outputs = cell.outputs.map((output) => {
        if (
          output.output_type !== "display_data" &&
          output.output_type !== "execute_result"
        ) {
          return output;
        }
        const data = Object.fromEntries(
          Object.entries(output.data).filter(([type, content]) =>
            type !== FRAME_TYPE || String(content).length <= MAX_FRAME_BYTES
          ),
        );
        return { ...output, data };
      });
      return { ...cell, outputs };
    }),
  };
}
