import { joinText, type MimeBundle, type MultilineText, type Notebook } from "./notebook.ts";
import { FRAME_TYPE } from "../notebook/frame_type.ts";

/** Interactive pages larger than this stay in the report and are not stored in the notebook. */
const MAX_FRAME_BYTES = 200_000;
/** A figure larger than this is stored once, as SVG, and not a second time as HTML. */
const MAX_TWICE_BYTES = 50_000;

/** The notebook as it is to be committed: without what would make it large. */
export function storable(notebook: Notebook): Notebook {
  return {
    ...notebook,
    cells: notebook.cells.map((cell) => {
      if (!cell.outputs) return cell;
      const outputs = cell.outputs.map((output) =>
        output.output_type === "display_data" || output.output_type === "execute_result"
          ? { ...output, data: smaller(output.data) }
          : output
      );
      return { ...cell, outputs };
    }),
  };
}

function smaller(data: MimeBundle): MimeBundle {
  const text = (type: string) =>
    data[type] === undefined ? undefined : joinText(data[type] as MultilineText);
  const svg = text("image/svg+xml");
  const isTwice = svg !== undefined && svg === text("text/html") && svg.length > MAX_TWICE_BYTES;
  const isLarge = (text(FRAME_TYPE)?.length ?? 0) > MAX_FRAME_BYTES;
  return Object.fromEntries(
    Object.entries(data).filter(([type]) =>
      !(type === "text/html" && isTwice) && !(type === FRAME_TYPE && isLarge)
    ),
  );
}
