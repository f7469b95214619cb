/**
 * Finds import circles among files, each once, with Tarjan's algorithm for strongly connected components. `imports`
 * maps a file to the files that it imports; files that are not keys are ignored.
 */
export function circles(imports) {
  const found = [];
  const index = new Map();
  const low = new Map();
  const stack = [];
  const onStack = new Set();

  function visit(file) {
    index.set(file, index.size);
    low.set(file, index.get(file));
    stack.push(file);
    onStack.add(file);
    for (const next of imports.get(file)) {
      if (!imports.has(next)) continue;
      if (!index.has(next)) {
        visit(next);
        low.set(file, Math.min(low.get(file), low.get(next)));
      } else if (onStack.has(next)) {
        low.set(file, Math.min(low.get(file), index.get(next)));
      }
    }
    if (low.get(file) !== index.get(file)) return;
    const component = stack.splice(stack.indexOf(file));
    for (const member of component) onStack.delete(member);
    if (component.length > 1 || imports.get(file).includes(file)) found.push(component);
  }

  for (const file of imports.keys()) if (!index.has(file)) visit(file);
  return found;
}
