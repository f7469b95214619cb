/** The name in `NAME=value`, and the whole text when there is no `=`. */
export function variableName(variable: string): string {
  const at = variable.indexOf('=');
  return at < 0 ? variable : variable.slice(0, at);
}
