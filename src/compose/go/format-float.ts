/** The shortest decimal form that reads back as the same number of 32 bits. */
function shortest32(value: number): number {
  const rounded = Math.fround(value);
  for (let digits = 1; digits < 10; digits++) {
    const candidate = Number(rounded.toPrecision(digits));
    if (Math.fround(candidate) === rounded) return candidate;
  }
  return rounded;
}

/** Go's `%v` of a float, which its YAML has too: the shortest form, with an exponent below 1e-4 and from 1e6 on. */
export function formatFloat(value: number, bits: 32 | 64): string {
  const shown = bits === 32 ? shortest32(value) : value;
  if (Number.isNaN(shown)) return 'NaN';
  if (!Number.isFinite(shown)) return shown > 0 ? '+Inf' : '-Inf';
  if (shown === 0) return Object.is(shown, -0) ? '-0' : '0';
  const [mantissa = '', power = '0'] = shown.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(shown);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** The form of Go's JSON: an exponent below 1e-6 and from 1e21 on. */
export function jsonFloat(value: number, bits: 32 | 64): string {
  return JSON.stringify(bits === 32 ? shortest32(value) : value);
}
