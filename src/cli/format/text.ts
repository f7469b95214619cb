/** Cuts a text to `length` characters. The last is an ellipsis when some were cut. */
export function ellipsis(text: string, length: number): string {
  const chars = [...text];
  if (chars.length <= length) return text;
  return length <= 1 ? chars.slice(0, length).join('') : `${chars.slice(0, length - 1).join('')}…`;
}

/** The first twelve digits of an id or digest, without its algorithm. */
export function truncateId(id: string): string {
  return id.replace(/^[a-z0-9]+:/, '').slice(0, 12);
}

/** Formats a time as Go's `time.Time.String()`, in the local zone: `2026-11-21 01:24:04 +0000 UTC`. */
export function goTime(millis: number): string {
  const date = new Date(millis);
  const offset = -date.getTimezoneOffset();
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time} ${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)} ${zoneName(date, offset)}`;
}

function zoneName(date: Date, offset: number): string {
  if (offset === 0 && (process.env['TZ'] ?? 'UTC') === 'UTC') return 'UTC';
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
}

/** Formats `k=v,k=v`, with sorted keys. */
export function labelList(labels: Readonly<Record<string, string>> | null | undefined): string {
  return Object.entries(labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** Like {@link goTime}, with the fraction of a second: `2026-11-21 01:24:04.5 +0000 UTC`. */
export function goTimeExact(nanos: bigint): string {
  const fraction = (nanos % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  const text = goTime(Number(nanos / 1_000_000n));
  return fraction === '' ? text : text.replace(/^(\S+ \S+)/, `$1.${fraction}`);
}
