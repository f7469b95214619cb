// Fails when a file imports a folder its own folder may not see, or another folder's inner file.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(process.argv[2] ?? 'src');
const layers = JSON.parse(readFileSync(new URL('layers.json', import.meta.url), 'utf8'));
const IMPORT = /(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g;
const faults = [];
for (const entry of readdirSync(root, { recursive: true })) {
  if (!entry.endsWith('.ts')) continue;
  const own = entry.split('/')[0];
  for (const [, specifier] of readFileSync(join(root, entry), 'utf8').matchAll(IMPORT)) {
    const [layer, ...rest] = relative(root, join(root, dirname(entry), specifier)).split('/');
    if (layer === own) continue;
    // Tests, suites and their beds use test/support, which lies beside the sources.
    if (layer === '..' && /\.(?:test|suite|bed)\.ts$/.test(entry)) continue;
    if (!layers[own]?.includes(layer)) faults.push(`${entry}: ${own} may not import ${layer}`);
    else if (layer !== 'base' && rest.join('/') !== 'index.ts')
      faults.push(`${entry}: import ${layer}/index.ts, not ${rest.join('/')}`);
  }
}
console.log(faults.join('\n') || `layers ok (${Object.keys(layers).length} folders)`);
process.exitCode = faults.length > 0 ? 1 : 0;
