import { RegistryError } from '../errors.ts';
import { json } from '../http/call.ts';
import { page } from '../http/paging.ts';
import type { RepositoryName } from '../names.ts';
import type { Handler } from './handler.ts';

const CATALOG_PAGE_MAX = 1000;
const TAGS_PAGE_MAX = 10_000;

/** Lists the tags of a repository (end-8). */
export const listTags: Handler<{ readonly repository: RepositoryName }> = async (
  registry,
  { repository: name },
  call,
) => {
  const known = (await registry.cache?.tags(name)) ?? registry.index.get(name)?.tags.keys();
  const local = [...(registry.local?.tags(name).keys() ?? [])];
  if (known === undefined && local.length === 0) {
    throw new RegistryError('NAME_UNKNOWN', `repository name not known to registry: ${name}`);
  }
  const tags = [...new Set([...(known ?? []), ...local])].sort();
  const { items, headers } = page(tags, call.query, `/v2/${name}/tags/list`, { max: TAGS_PAGE_MAX });
  return json({ name, tags: items }, headers);
};

/** Docker's `GET /v2/_catalog`: lists the repositories with a manifest from which the caller may pull. */
export const listCatalog: Handler<object> = (registry, _params, call) => {
  const pushed = registry.index.names().filter((name) => (registry.index.get(name)?.manifests.size ?? 0) > 0);
  const local = registry.local?.repositories() ?? [];
  const all = local.length === 0 ? pushed : [...new Set([...pushed, ...local])].sort();
  const names = all.filter((name) => call.caller.may('pull', name));
  const { items, headers } = page(names, call.query, '/v2/_catalog', { max: CATALOG_PAGE_MAX });
  return json({ repositories: items }, headers);
};
