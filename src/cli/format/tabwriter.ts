/**
 * Aligns cells that end with tabs, as Go's text/tabwriter does with docker's settings: at least 10 wide, padding of 3
 * spaces. A column is a run of consecutive lines that have it. The last cell of a line has no width.
 */
export function alignColumns(text: string, minimum = 10, padding = 3): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  /**
   * The width of each column in the run of the line above. Runs share it by reference, since they grow with each line.
   */
  const runs: { width: number }[][] = [];
  let above: { width: number }[] = [];
  for (const cells of lines) {
    const run = cells.slice(0, -1).map((cell, column) => {
      const current = above[column] ?? { width: minimum };
      current.width = Math.max(current.width, [...cell].length + padding);
      return current;
    });
    runs.push(run);
    above = run;
  }
  return lines
    .map((cells, line) =>
      cells
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (runs[line]?.[column]?.width ?? 0) - [...cell].length)))
        .join(''),
    )
    .join('\n');
}
