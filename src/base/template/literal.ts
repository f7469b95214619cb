/** Parses a number of a template: integers stay exact, and a number with a point or an exponent is a float. */
export function parseNumber(text: string): { value: number | bigint; isFloat: boolean } | undefined {
  const plain = text.replace(/_/g, '');
  const sign = plain.startsWith('-') ? -1n : 1n;
  const body = plain.replace(/^[+-]/, '');
  if (/^(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|\d+)$/.test(body)) {
    const digits = /^0[0-7]+$/.test(body) ? `0o${body.slice(1)}` : body;
    try {
      const value = sign * BigInt(digits);
      return { value: Number.isSafeInteger(Number(value)) ? Number(value) : value, isFloat: false };
    } catch {
      return undefined;
    }
  }
  const value = Number(plain);
  return body === '' || Number.isNaN(value) ? undefined : { value, isFloat: true };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

/** The value of a Go string literal, quoted or raw. */
export function unquote(literal: string): string | undefined {
  if (literal.startsWith('`')) return literal.slice(1, -1).replaceAll('\r', '');
  return unescapeBody(literal.slice(1, -1));
}

/** The code point of a Go character literal. */
export function unquoteChar(literal: string): number | undefined {
  const text = unescapeBody(literal.slice(1, -1));
  return text !== undefined && [...text].length === 1 ? text.codePointAt(0) : undefined;
}

function unescapeBody(body: string): string | undefined {
  let fault = false;
  const value = body.replace(
    /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.|$)/gs,
    (_all, code: string) => {
      const simple = ESCAPES[code];
      if (simple !== undefined) return simple;
      if (/^[xuU]./.test(code)) {
        const point = Number.parseInt(code.slice(1), 16);
        if (point <= 0x10ffff) return String.fromCodePoint(point);
      }
      if (/^[0-7]{3}$/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
      fault = true;
      return '';
    },
  );
  return fault ? undefined : value;
}
