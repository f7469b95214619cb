/**
 * Returns the URL of a program that a module starts in a thread or process of its own: the module's neighbour `source`
 * when the sources run, else `bundle`, which `tools/build.mjs` puts beside the daemon's folder. `moduleUrl` is the
 * module's `import.meta.url`.
 */
export function programUrl(moduleUrl: string, { source, bundle }: { source: string; bundle: string }): URL {
  if (moduleUrl.endsWith('.ts')) return new URL(source, moduleUrl);
  return new URL(/\/daemon\/[^/]*$/.test(moduleUrl) ? `../${bundle}` : bundle, moduleUrl);
}
