/** Rows in columns, each as wide as its longest cell and `padding`. The last column is not padded. */
export function textTable(rows: readonly (readonly string[])[], padding: number): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? 0, [...cell].length + padding);
    }
  }
  return rows
    .map((row) => `${row.map((cell, at) => padded(cell, row, { at, width: widths[at] ?? 0 })).join('')}\n`)
    .join('');
}

function padded(cell: string, row: readonly string[], { at, width }: { at: number; width: number }): string {
  if (at === row.length - 1) return cell;
  return cell + ' '.repeat(Math.max(0, width - [...cell].length));
}
