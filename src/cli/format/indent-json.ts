const SPACE = /\s/;

/** Removes all space between tokens. */
export function compactJson(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (token) => (token.startsWith('"') ? token : ''));
}

/**
 * Formats JSON text as Go's json.Indent does: tokens stay unchanged, numbers stay exact, and empty brackets stay on one
 * line.
 */
export function indentJson(text: string, indent = '    '): string {
  let out = '';
  let depth = 0;
  const newline = (): string => `\n${indent.repeat(depth)}`;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (SPACE.test(char)) continue;
    if (char === '"') {
      const end = stringEnd(text, at);
      out += text.slice(at, end + 1);
      at = end;
    } else if (char === '{' || char === '[') {
      const next = nextToken(text, at + 1);
      if (text[next] === (char === '{' ? '}' : ']')) {
        out += char + (text[next] ?? '');
        at = next;
      } else {
        depth++;
        out += char + newline();
      }
    } else if (char === '}' || char === ']') {
      depth--;
      out += newline() + char;
    } else if (char === ',') out += char + newline();
    else if (char === ':') out += ': ';
    else out += char;
  }
  return out;
}

function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

function nextToken(text: string, from: number): number {
  let at = from;
  while (SPACE.test(text[at] ?? '')) at++;
  return at;
}
