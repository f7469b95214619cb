import { byBytes } from '../../go/by-bytes.ts';
import { ModelError } from '../../model/kind.ts';
import type { Project } from '../../model/project.ts';

/** Checks that what services need is enabled, and that no service needs itself by any chain. @throws ModelError */
export function checkDependencies(project: Project): void {
  for (const [name, { depends_on: dependencies }] of project.services)
    for (const [other, dependency] of dependencies ?? [])
      if (dependency?.required !== false && !project.services.has(other)) refuse(project, name, other);
  const done = new Set<string>();
  for (const name of [...project.services.keys()].sort(byBytes)) visit(project, name, done);
}

function refuse(project: Project, name: string, other: string): never {
  const profiles = project.disabledServices.get(other)?.profiles;
  const path = ['services', name, 'depends_on', other];
  if (profiles !== undefined)
    throw new ModelError(
      path,
      `service ${JSON.stringify(other)} is required by ${JSON.stringify(name)} but is disabled. Can be enabled by profiles [${profiles.join(' ')}]`,
    );
  throw new ModelError(path, `service ${JSON.stringify(name)} depends on unknown service ${JSON.stringify(other)}`);
}

/** Walks what a service needs, without recursion: a chain may be long. A service without a circle is walked once. */
function visit(project: Project, start: string, done: Set<string>): void {
  const chain: { readonly name: string; readonly rest: string[] }[] = [];
  const open = new Set<string>();
  const enter = (name: string): void => {
    open.add(name);
    const dependencies = project.services.get(name)?.depends_on?.keys() ?? [];
    chain.push({ name, rest: [...dependencies].sort(byBytes).reverse() });
  };
  if (!done.has(start)) enter(start);
  for (let last = chain.at(-1); last !== undefined; last = chain.at(-1)) {
    const other = last.rest.pop();
    if (other === undefined) {
      chain.pop();
      open.delete(last.name);
      done.add(last.name);
    } else if (open.has(other)) {
      const names = chain.map(({ name }) => name);
      throw new ModelError(
        ['services', last.name, 'depends_on', other],
        `dependency cycle detected: ${[...names.slice(names.indexOf(other)), other].join(' -> ')}`,
      );
    } else if (!done.has(other) && project.services.has(other)) enter(other);
  }
}
