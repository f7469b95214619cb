/** The name of a container in output: without the project's name, where it begins with it. */
export function shownName(project: string, { name }: { readonly name: string }): string {
  return name.startsWith(`${project}-`) || name.startsWith(`${project}_`) ? name.slice(project.length + 1) : name;
}
