const REQUEST = 'ours asks for the manifest at once, dockerd for the registry first';
const FLAG = 'ours knows the flag from newer syntaxes, and says what it needs';

/** What our engine answers to a build otherwise than the record of dockerd, by the name of the case, and why. */
export const BUILD_DIFFERENCES: Readonly<Record<string, { readonly ours: string; readonly why: string }>> = {
  'unknown stage': {
    why: REQUEST,
    ours: failing(
      ['FROM busybox', 'COPY --from=localhost:1/x /a /'],
      'invalid from flag value localhost:1/x: Head \\"http://localhost:1/v2/x/manifests/latest\\": dial tcp 127.0.0.1:1: connect: connection refused',
    ),
  },
  'missing image': {
    why: REQUEST,
    ours: `  Step 1/2 : FROM localhost:1/nosuch\n  ${errorLine('Head \\"http://localhost:1/v2/nosuch/manifests/latest\\": dial tcp 127.0.0.1:1: connect: connection refused')}`,
  },
  'directory over a file': {
    why: 'dockerd shows a path of its data root',
    ours: failing(['FROM busybox', 'COPY a /x', 'COPY d /x'], 'failed to copy files: x is not a directory'),
  },
  'security flag': {
    why: FLAG,
    ours: failing(['FROM busybox', 'RUN --security=insecure true'], needsBuildKit('security')),
  },
  'parents flag': { why: FLAG, ours: failing(['FROM busybox', 'COPY --parents a /'], needsBuildKit('parents')) },
  'predefined platform arguments': {
    why: 'the texts of errors of platforms are ours',
    ours: `  Step 1/3 : FROM --platform=$BUILDPLATFORM busybox\n  ${errorLine('failed to parse platform : \\"\\": cannot parse platform specifier: invalid argument')}`,
  },
};

/** The answer to a build whose last step fails. */
function failing(steps: readonly string[], message: string): string {
  const lines = steps.flatMap((step, at) => [`Step ${at + 1}/${steps.length} : ${step}`, ' ---> <short id>']);
  return [...lines.slice(0, -1), errorLine(message)].map((line) => `  ${line}`).join('\n');
}

function errorLine(message: string): string {
  return `{"errorDetail":{"message":"${message}"},"error":"${message}"}`;
}

function needsBuildKit(flag: string): string {
  return `the --${flag} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled`;
}
