/** The text of the first comment `# name text` before an instruction that defines a name. */
export function descriptionOf(comments: readonly string[], name: string): string | undefined {
  if (name === '') return undefined;
  return comments.find((comment) => comment.startsWith(`${name} `))?.slice(name.length + 1);
}
