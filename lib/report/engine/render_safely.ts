import type { Cell, Notebook } from "../notebook.ts";
import { type FramePage, renderPage, type RunFacts, type Summary } from "../render_page.ts";

/**
 * Renders a notebook, whatever its outputs are: if one cannot be rendered, its cell says so in their
 * place, and the rest of the report is there.
 *
 * @returns The page, and a line for each cell whose outputs are left out
 */
export function renderSafely(
  notebook: Notebook,
  run: RunFacts,
): { html: string; summary: Summary; frames: FramePage[]; warnings: string[] } {
  try {
    return { ...renderPage(notebook, run), warnings: [] };
  } catch {
    const warnings: string[] = [];
    let number = 0;
    const cells = notebook.cells.map((cell): Cell => {
      if (cell.cell_type === "code") number++;
      try {
        renderPage({ ...notebook, cells: [cell] }, run);
        return cell;
      } catch (error) {
        const what = `cannot be shown: ${(error as Error).message}`;
        if (cell.cell_type !== "code") {
          warnings.push(`a ${cell.cell_type} cell after code cell ${number} ${what}`);
          return { ...cell, cell_type: "raw" };
        }
        warnings.push(`cell ${number}: its outputs ${what}`);
        const text = `The outputs of this cell ${what}\n`;
        return { ...cell, outputs: [{ output_type: "stream", name: "stderr", text }] };
      }
    });
    return { ...renderPage({ ...notebook, cells }, run), warnings };
  }
}
