import { type Flag, flag } from '../flags/flag.ts';

/** Flags of docker's `build`, in the order of help. */
export const BUILD_FLAGS: readonly Flag[] = [
  flag('--add-host', 'stringSlice', 'Add a line to /etc/hosts of the steps (`host:ip`)'),
  flag('--allow', 'list', 'Grant the build a right, such as `network.host`'),
  flag('--annotation', 'list', 'Add an annotation to the image'),
  flag('--attest', 'list', 'Attach an attestation (`type=sbom`, `type=provenance,mode=max`)'),
  flag('--build-arg', 'list', 'Set a build argument; without a value, take it from the environment'),
  flag('--build-context', 'list', 'Add a named context (`name=path`)'),
  flag('--builder', 'string', 'Use this builder: `default` is the only one'),
  flag('--cache-from', 'list', 'Use the cache of a source (`type=registry,ref=app:cache`)'),
  flag('--cache-to', 'list', 'Export the cache'),
  flag('--call', 'string', 'Show what the Dockerfile has (`check`, `outline`, `targets`) instead of building it', {
    default: 'build',
  }),
  flag('--cgroup-parent', 'string', 'Run the steps below this cgroup'),
  flag('--check', 'bool', 'Validate the Dockerfile without building it'),
  flag('-D, --debug', 'bool', 'Open a shell where a step fails (in a terminal), and show the details of warnings'),
  flag('-f, --file', 'string', 'Read the Dockerfile from this path (default: `Dockerfile` in the context)'),
  flag('--iidfile', 'string', "Write the image's ID to a file"),
  flag('--label', 'list', 'Set a label of the image'),
  flag('--load', 'bool', 'Store the image in the engine (`--output=type=docker`)'),
  flag('--metadata-file', 'string', "Write the result's metadata to a file"),
  flag('--network', 'string', 'Set the network of the steps: default, none or host', { default: 'default' }),
  flag('--no-cache', 'bool', 'Run every step, also those that are cached'),
  flag('--no-cache-filter', 'list', 'Run every step of these stages'),
  flag('-o, --output', 'list', 'Write the result elsewhere (`type=local,dest=path`)'),
  flag('--platform', 'list', 'Build for these platforms'),
  flag('--policy', 'list', 'Verify sources by a policy'),
  flag('--progress', 'string', 'Show the steps as auto, plain, tty, quiet or rawjson', { default: 'auto' }),
  flag('--provenance', 'string', 'Attach provenance (`--attest=type=provenance`)'),
  flag('--pull', 'bool', 'Look for newer versions of base images'),
  flag('--push', 'bool', 'Push the image (`--output=type=registry`)'),
  flag('-q, --quiet', 'bool', "Print only the image's ID"),
  flag('--resource', 'list', 'Limit the resources of the steps'),
  flag('--sbom', 'string', 'Attach a software bill of materials (`--attest=type=sbom`)'),
  flag('--secret', 'list', 'Give the steps a secret (`id=name,src=path` or `id=name,env=VARIABLE`)'),
  flag('--shm-size', 'bytes', 'Set the size of /dev/shm of the steps'),
  flag('--ssh', 'list', 'Give the steps an SSH agent (`default`, or `id=socket`), or keys (`id=file`)'),
  flag('-t, --tag', 'list', 'Give the image this name'),
  flag('--target', 'string', 'Build this stage'),
  flag('--ulimit', 'ulimit', 'Set limits of the steps (`name=soft:hard`)'),
];

/** Of docker's older builder. They change nothing: the builder keeps no containers, compresses nothing, and squashes nothing. */
export const IGNORED_FLAGS: readonly Flag[] = [
  flag('--compress', 'bool', '', { hidden: true }),
  flag('--force-rm', 'bool', '', { hidden: true }),
  flag('--rm', 'bool', '', { hidden: true, default: 'true' }),
  flag('--squash', 'bool', '', { hidden: true }),
];

/** Flags that the builder has no counterpart for, or that this client does not have yet. They are refused by name. */
export const REFUSED_FLAGS: readonly string[] = ['policy', 'resource'];
