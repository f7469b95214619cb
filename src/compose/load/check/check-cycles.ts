import { byBytes } from '../../go/by-bytes.ts';
import { ModelError } from '../../model/kind.ts';
import type { Project } from '../../model/project.ts';

/** Checks that what services need is enabled, and that no service needs itself by any chain. @throws ModelError */
export function checkDependencies(project: Project): void {
  for (const [name, { depends_on: dependencies }] of project.services)
    for (const [other, dependency] of dependencies ?? [])
      if (dependency?.required !== false && !project.services.has(other)) refuse(project, name, other);
  const done = new Set<string>();
  for (const name of [...project.services.keys()].sort(byBytes)) visit(project, [name], done);
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

/** Walks what the last service of a chain needs. A service without a circle is walked once. */
function visit(project: Project, chain: readonly string[], done: Set<string>): void {
  const name = chain.at(-1) ?? '';
  if (done.has(name)) return;
  for (const other of [...(project.services.get(name)?.depends_on?.keys() ?? [])].sort(byBytes)) {
    if (!project.services.has(other)) continue;
    const at = chain.indexOf(other);
    if (at >= 0)
      throw new ModelError(
        ['services', name, 'depends_on', other],
        `dependency cycle detected: ${[...chain.slice(at), other].join(' -> ')}`,
      );
    visit(project, [...chain, other], done);
  }
  done.add(name);
}
