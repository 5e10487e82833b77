/** Parts text into its lines; what comes after the last line's end is given when the text ends. */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let open = "";
    super({
      transform(part, controller) {
        const lines = (open + part).split("\n");
        open = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        if (open !== "") controller.enqueue(open);
      },
    });
  }
}
