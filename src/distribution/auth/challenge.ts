/** One challenge of a `WWW-Authenticate` header, with the scheme in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const HEADER_LENGTH_MAX = 16 * 1024;

/**
 * Parses every challenge of a `WWW-Authenticate` header. A header may have several, with quoted strings that contain
 * escapes and commas. A malformed part ends the list; it never throws. Source: RFC 9110, section 11.6.1.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, HEADER_LENGTH_MAX);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const token = /[!#$%&'*+.^_`|~\w-]+/y;
  let at = 0;
  const skip = (pattern: RegExp): void => {
    pattern.lastIndex = at;
    if (pattern.test(text)) at = pattern.lastIndex;
  };
  const read = (): string | undefined => {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) return undefined;
    at = token.lastIndex;
    return match[0];
  };
  for (;;) {
    skip(/[\s,]*/y);
    const word = read();
    if (word === undefined) return challenges;
    skip(/[ \t]*/y);
    const current = challenges.at(-1);
    if (text[at] === '=' && current !== undefined) {
      at += 1;
      skip(/[ \t]*/y);
      const value = text[at] === '"' ? readQuoted() : read();
      if (value === undefined) return challenges;
      const name = word.toLowerCase();
      if (!current.parameters.has(name)) current.parameters.set(name, value);
    } else {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
    }
  }

  function readQuoted(): string | undefined {
    let value = '';
    for (at += 1; at < text.length; at++) {
      const character = text[at];
      if (character === '"') {
        at += 1;
        return value;
      }
      if (character === '\\') at += 1;
      value += text[at] ?? '';
    }
    return undefined;
  }
}
