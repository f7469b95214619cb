import type { Answer } from './answer.ts';
import { textTable } from './text-table.ts';

const METADATA = [{ name: 'result.json' }, { name: 'result.txt' }];

const REQUESTS = [
  {
    name: 'frontend.outline',
    version: '1.0.0',
    type: 'rpc',
    description: 'List all parameters current build target supports',
    opts: [{ name: 'target', description: 'Target build stage' }],
    metadata: METADATA,
  },
  {
    name: 'frontend.targets',
    version: '1.0.0',
    type: 'rpc',
    description: 'List all targets current build supports',
    metadata: METADATA,
  },
  {
    name: 'frontend.subrequests.describe',
    version: '1.0.0',
    type: 'rpc',
    description: 'List available subrequest types',
    metadata: METADATA,
  },
];

/** The requests, as BuildKit lists them: without `frontend.lint`. */
export function describeSubrequests(): Answer {
  const rows = REQUESTS.map(({ name, version, description }) => [name.replace('frontend.', ''), version, description]);
  return { json: REQUESTS, text: textTable([['NAME', 'VERSION', 'DESCRIPTION'], ...rows], 1) };
}
