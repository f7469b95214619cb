const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const BAR = 50;

/** A `Loading layer` line as dockerd sends it, with the bar that plain clients print. */
export function layerProgress(id: string, current: number, total: number): Readonly<Record<string, unknown>> {
  return {
    status: 'Loading layer',
    progressDetail: { current, total },
    progress: progressBar(current, total),
    id,
  };
}

/** `[====>      ]  1.2kB/3.4kB` (moby, pkg/jsonmessage). */
export function progressBar(current: number, total: number): string {
  const percent = total <= 0 ? 100 : Math.min(100, Math.floor((current / total) * 100));
  const filled = Math.floor(percent / 2);
  const bar = filled >= BAR ? `${'='.repeat(BAR)}>` : `${'='.repeat(filled)}>${' '.repeat(BAR - filled)}`;
  return `[${bar}] ${humanSize(current).padStart(8)}/${humanSize(total)}`;
}

/** Formats a size in decimal units with four significant digits, as go-units does. */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(4))}${UNITS[unit]}`;
}
