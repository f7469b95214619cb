const STRING_OR_SPACE = /"(?:[^"\\]|\\.)*"|[ \t\r\n]+|[^" \t\r\n]+/g;
const ESCAPED = /[<>&\u2028\u2029]/g;

/**
 * Removes the space between the parts of a JSON text, and escapes what HTML would take for markup, as Go's encoder does. Numbers keep their
 * form. Undefined when the text is not JSON.
 */
export function compactJson(text: string): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  return text.replace(STRING_OR_SPACE, (part) => {
    if (/^[ \t\r\n]/.test(part)) return '';
    return part.replace(ESCAPED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  });
}
