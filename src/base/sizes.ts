const UNITS: Readonly<Record<string, number>> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Parses `64m`, `1.5 GiB`, `512` into bytes, with units of 1024 as in Docker's RAM sizes. Undefined when it is not a size.
 */
export function parseBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?|\.\d+) ?([bkmgtp]?)(?:i?b)?$/i.exec(text);
  if (match === null) return undefined;
  const bytes = Math.floor(Number(match[1]) * 1024 ** (UNITS[(match[2] ?? '').toLowerCase()] ?? 0));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const DECIMAL_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** Go's `%.Ng` for positive numbers: N significant digits, no trailing zeros. */
export function significant(value: number, digits: number): string {
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  const rounded = Number(value.toPrecision(digits));
  if (exponent < -4 || Math.floor(Math.log10(Math.abs(rounded))) >= digits) {
    const [mantissa = '', power = '0'] = rounded.toExponential(digits - 1).split('e');
    const trimmed = mantissa.includes('.') ? mantissa.replace(/0+$/, '').replace(/\.$/, '') : mantissa;
    const number = Number(power);
    return `${trimmed}e${number < 0 ? '-' : '+'}${String(Math.abs(number)).padStart(2, '0')}`;
  }
  return String(rounded);
}

function scaled(size: number, base: number, units: readonly string[]): { value: number; unit: string } {
  let value = size;
  let at = 0;
  while (value >= base && at < units.length - 1) {
    value /= base;
    at++;
  }
  return { value, unit: units[at] ?? '' };
}

/** Formats `1.98MB`: powers of 1000, by default four digits. */
export function humanSize(bytes: number, digits = 4): string {
  const { value, unit } = scaled(bytes, 1000, DECIMAL_UNITS);
  return `${significant(value, digits)}${unit}`;
}

/** Formats `23.54GiB`: powers of 1024, four digits. */
export function binarySize(bytes: number): string {
  const { value, unit } = scaled(bytes, 1024, BINARY_UNITS);
  return `${significant(value, 4)}${unit}`;
}
