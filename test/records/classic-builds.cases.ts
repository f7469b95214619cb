/** Stands for a word that no earlier record has: an engine may remember the steps of that. */
export const RUN_ID = 'RUN_ID';

/**
 * Builds by `POST /build` whose output is recorded. `nocache=1` is the default: a case with `query: ''` uses the cache.
 * The image is `rec-classic`.
 */
export interface BuildCase {
  readonly name: string;
  readonly dockerfile: string;
  /** Content by path. A value with `->` at its start is a symlink. */
  readonly files?: Readonly<Record<string, string>>;
  readonly query?: string;
}

const FILES = { a: 'a\n', b: 'b\n', 'd/one': '1\n', 'd/sub/two': '2\n', l: '->a' };

export const CASES: readonly BuildCase[] = [
  {
    name: 'each instruction',
    files: FILES,
    dockerfile: `FROM busybox
MAINTAINER me
LABEL one=1 two="2 3"
ENV A=1 B=$A
RUN echo out
WORKDIR /work
WORKDIR below
COPY a /x/
ADD d /y
EXPOSE 80 53/udp
VOLUME /data
USER daemon
STOPSIGNAL SIGINT
HEALTHCHECK --interval=3s CMD true
SHELL ["/bin/sh", "-ec"]
ONBUILD RUN echo triggered
ENTRYPOINT ["sleep"]
CMD ["1"]`,
  },
  { name: 'triggers', dockerfile: 'FROM rec-classic\nCMD true' },
  { name: 'fails with a code', dockerfile: 'FROM busybox\nRUN echo first; exit 3' },
  { name: 'fails in the exec form', dockerfile: 'FROM busybox\nRUN ["false", "a b"]' },
  { name: 'writes to stderr', dockerfile: 'FROM busybox\nRUN echo wrong >&2' },
  { name: 'unknown command', dockerfile: 'FROM busybox\nRUN ["/nosuch"]' },
  { name: 'rm=0 keeps containers', query: 'nocache=1&rm=0', dockerfile: 'FROM busybox\nRUN echo 1\nENV A=2' },
  { name: 'forcerm', query: 'nocache=1&forcerm=1', dockerfile: 'FROM busybox\nRUN false' },
  { name: 'quiet', query: 'nocache=1&q=1', dockerfile: 'FROM busybox\nRUN echo 1' },
  { name: 'quiet and failed', query: 'nocache=1&q=1', dockerfile: 'FROM busybox\nRUN echo 1; false' },
  {
    name: 'first for the cache',
    query: 't=rec-classic',
    files: FILES,
    dockerfile: 'FROM busybox\nENV CACHE=RUN_ID\nRUN echo 1\nCOPY a /',
  },
  {
    name: 'all cached',
    query: 't=rec-classic&t=rec-classic:two',
    files: FILES,
    dockerfile: 'FROM busybox\nENV CACHE=RUN_ID\nRUN echo 1\nCOPY a /',
  },
  {
    name: 'cached to a changed file',
    query: '',
    files: { a: 'other\n' },
    dockerfile: 'FROM busybox\nENV CACHE=RUN_ID\nRUN echo 1\nCOPY a /\nRUN echo 2',
  },
  {
    name: 'stages',
    files: FILES,
    dockerfile:
      'ARG V=latest\nFROM busybox:$V AS one\nRUN echo 1 > /f\nFROM busybox\nCOPY --from=one /f /g\nCOPY --from=0 /f /h/\nRUN cat /g /h/f',
  },
  {
    name: 'target',
    query: 'nocache=1&target=one',
    dockerfile: 'FROM busybox AS one\nRUN echo 1\nFROM busybox AS two\nRUN echo 2',
  },
  { name: 'unknown target', query: 'target=nope', dockerfile: 'FROM busybox' },
  {
    name: 'build arguments',
    query: `nocache=1&buildargs=${encodeURIComponent('{"A":"1","B":null,"UNUSED":"x","HTTP_PROXY":"http://p"}')}`,
    dockerfile: 'FROM busybox\nARG A\nARG B=2\nARG C=3\nRUN echo $A $B $C $HTTP_PROXY\nENV D=$A$C',
  },
  {
    name: 'labels',
    query: `nocache=1&labels=${encodeURIComponent('{"x":"1","y":"2 3"}')}`,
    dockerfile: 'FROM busybox\nLABEL z=1',
  },
  { name: 'scratch', files: FILES, dockerfile: 'FROM scratch\nCOPY d /\nENV A=1' },
  { name: 'scratch alone', dockerfile: 'FROM scratch' },
  { name: 'run on scratch', dockerfile: 'FROM scratch\nRUN true' },
  { name: 'missing file', files: FILES, dockerfile: 'FROM busybox\nCOPY nosuch /' },
  { name: 'missing file of a stage', dockerfile: 'FROM busybox AS a\nFROM busybox\nCOPY --from=a /nosuch /' },
  { name: 'unknown stage', dockerfile: 'FROM busybox\nCOPY --from=localhost:1/x /a /' },
  { name: 'several sources without a slash', files: FILES, dockerfile: 'FROM busybox\nCOPY a b /x' },
  { name: 'wildcards', files: FILES, dockerfile: 'FROM busybox\nCOPY * /x/\nRUN find /x | sort\nCOPY no* /y/' },
  { name: 'path out of the context', files: FILES, dockerfile: 'FROM busybox\nCOPY ../a /x/' },
  {
    name: 'chown',
    files: FILES,
    dockerfile: 'FROM busybox\nCOPY --chown=daemon:7 a d /x/\nRUN ls -ln /x\nCOPY --chown=nosuch a /y',
  },
  { name: 'directory over a file', files: FILES, dockerfile: 'FROM busybox\nCOPY a /x\nCOPY d /x' },
  {
    name: 'copy into a relative place',
    files: FILES,
    dockerfile: 'FROM busybox\nWORKDIR /w\nCOPY a b/\nCOPY a c\nRUN ls /w',
  },
  { name: 'symlink', files: FILES, dockerfile: 'FROM busybox\nCOPY l /x\nRUN ls -l /x | cut -c1-10' },
  { name: 'mount flag', dockerfile: 'FROM busybox\nRUN --mount=type=cache,target=/c true' },
  { name: 'network flag', dockerfile: 'FROM busybox\nRUN --network=none true' },
  { name: 'security flag', dockerfile: 'FROM busybox\nRUN --security=insecure true' },
  { name: 'chmod flag', files: FILES, dockerfile: 'FROM busybox\nCOPY --chmod=600 a /' },
  { name: 'add with chmod', files: FILES, dockerfile: 'FROM busybox\nADD --chmod=600 a /' },
  { name: 'link flag', files: FILES, dockerfile: 'FROM busybox\nCOPY --link a /' },
  { name: 'parents flag', files: FILES, dockerfile: 'FROM busybox\nCOPY --parents a /' },
  { name: 'exclude flag', files: FILES, dockerfile: 'FROM busybox\nCOPY --exclude=x a /' },
  {
    name: 'checksum flag',
    files: FILES,
    dockerfile:
      'FROM busybox\nADD --checksum=sha256:0000000000000000000000000000000000000000000000000000000000000000 a /',
  },
  { name: 'keep-git-dir flag', files: FILES, dockerfile: 'FROM busybox\nADD --keep-git-dir=true a /' },
  { name: 'unpack flag', files: FILES, dockerfile: 'FROM busybox\nADD --unpack=true a /' },
  { name: 'heredoc of RUN', dockerfile: 'FROM busybox\nRUN <<EOT\necho 1\nEOT' },
  { name: 'heredoc of COPY', dockerfile: 'FROM busybox\nCOPY <<EOT /x\n1\nEOT' },
  { name: 'unknown instruction', dockerfile: 'FROM busybox\nRUNN true' },
  { name: 'unknown flag', dockerfile: 'FROM busybox\nCOPY --nosuch a /' },
  { name: 'no FROM', dockerfile: 'RUN true' },
  { name: 'only a comment', dockerfile: '# nothing' },
  { name: 'empty Dockerfile', dockerfile: '' },
  { name: 'blank base', dockerfile: 'ARG X\nFROM $X' },
  { name: 'empty continuation', dockerfile: 'FROM busybox\nRUN echo 1 \\\n\n && echo 2' },
  { name: 'missing image', query: 'nocache=1', dockerfile: 'FROM localhost:1/nosuch\nRUN true' },
  { name: 'duplicate stage', dockerfile: 'FROM busybox AS a\nFROM busybox AS a' },
  { name: 'bad port', dockerfile: 'FROM busybox\nEXPOSE x' },
  { name: 'bad signal', dockerfile: 'FROM busybox\nSTOPSIGNAL nosuch' },
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of a Dockerfile
  { name: 'bad substitution', dockerfile: 'FROM busybox\nENV A=${X:?needed}' },
  { name: 'volume with changes after it', dockerfile: 'FROM busybox\nVOLUME /v\nRUN echo 1 > /v/f\nRUN ls /v' },
  {
    name: 'ignored files',
    files: { ...FILES, '.dockerignore': 'b\nd/**\n!d/one\nDockerfile\n' },
    dockerfile: 'FROM busybox\nCOPY . /x/\nRUN find /x | sort',
  },
  {
    name: 'other Dockerfile',
    query: 'nocache=1&dockerfile=d/one',
    files: { 'd/one': 'FROM busybox\nENV O=1' },
    dockerfile: 'FROM nosuch',
  },
  { name: 'missing Dockerfile', query: 'dockerfile=nosuch', dockerfile: 'FROM busybox' },
  { name: 'Dockerfile out of the context', query: 'dockerfile=../../etc/passwd', dockerfile: 'FROM busybox' },
  { name: 'no network', query: 'nocache=1&networkmode=none', dockerfile: 'FROM busybox\nRUN ip addr | grep -c eth0' },
  { name: 'unknown network', query: 'nocache=1&networkmode=nosuch', dockerfile: 'FROM busybox\nRUN true' },
  {
    name: 'extra hosts',
    query: 'nocache=1&extrahosts=h1:1.2.3.4&extrahosts=h2:5.6.7.8',
    dockerfile: 'FROM busybox\nRUN grep "h[12]" /etc/hosts',
  },
  {
    name: 'limits',
    query: `nocache=1&memory=20000000&shmsize=1048576&ulimits=${encodeURIComponent('[{"Name":"nofile","Soft":100,"Hard":200}]')}`,
    dockerfile: 'FROM busybox\nRUN ulimit -n; df -k /dev/shm | tail -1 | awk "{print \\$2}"',
  },
  { name: 'memory too small', query: 'nocache=1&memory=10', dockerfile: 'FROM busybox\nRUN true' },
  { name: 'broken memory', query: 'nocache=1&memory=x', dockerfile: 'FROM busybox\nENV A=1' },
  { name: 'broken build arguments', query: 'buildargs=x', dockerfile: 'FROM busybox' },
  { name: 'broken labels', query: 'labels=x', dockerfile: 'FROM busybox' },
  { name: 'broken ulimits', query: 'ulimits=x', dockerfile: 'FROM busybox' },
  { name: 'broken cachefrom', query: 'cachefrom=x', dockerfile: 'FROM busybox' },
  { name: 'broken tag', query: 't=UPPER', dockerfile: 'FROM busybox' },
  { name: 'tag with a digest', query: `t=a@sha256:${'0'.repeat(64)}`, dockerfile: 'FROM busybox' },
  { name: 'broken platform', query: 'platform=a/b/c/d', dockerfile: 'FROM busybox' },
  { name: 'squash', query: 'squash=1', dockerfile: 'FROM busybox' },
  { name: 'isolation', query: 'isolation=hyperv', dockerfile: 'FROM busybox' },
  { name: 'version', query: 'version=7', dockerfile: 'FROM busybox' },
  { name: 'session', query: 'remote=client-session', dockerfile: 'FROM busybox' },
  { name: 'remote that is none', query: 'remote=foo', dockerfile: 'FROM busybox' },
  {
    name: 'cachefrom',
    query: `cachefrom=${encodeURIComponent('["rec-classic:two","nosuch"]')}`,
    files: FILES,
    dockerfile: 'FROM busybox\nENV CACHE=RUN_ID\nRUN echo 1\nCOPY a /\nRUN echo 3',
  },
  {
    name: 'security options',
    query: `nocache=1&securityopt=${encodeURIComponent('["x"]')}`,
    dockerfile: 'FROM busybox\nRUN true',
  },
  {
    name: 'predefined platform arguments',
    dockerfile: 'FROM --platform=$BUILDPLATFORM busybox\nARG TARGETARCH\nRUN echo arch=$TARGETARCH',
  },
  {
    name: 'CMD resets with ENTRYPOINT',
    dockerfile: 'FROM busybox AS a\nCMD ["x"]\nENTRYPOINT ["y"]\nFROM a\nENTRYPOINT ["z"]',
  },
  { name: 'syntax directive', dockerfile: '# syntax=nosuch/frontend\nFROM busybox\nENV A=1' },
  { name: 'escape directive', dockerfile: '# escape=`\nFROM busybox\nRUN echo 1 `\n  2' },
  {
    name: 'relative workdir and user',
    dockerfile: 'FROM busybox\nUSER daemon\nWORKDIR rel\nRUN pwd; id -u; ls -ldn . | cut -c1-20',
  },
  { name: 'SHELL changes what follows', dockerfile: 'FROM busybox\nSHELL ["/bin/sh", "-xc"]\nRUN true\nCMD echo 1' },
  {
    name: 'health check',
    dockerfile: 'FROM busybox\nHEALTHCHECK NONE\nHEALTHCHECK --interval=2s --retries=3 CMD ["a", "b"]',
  },
  {
    name: 'STOPSIGNAL and EXPOSE of variables',
    dockerfile: 'FROM busybox\nENV P="80 90-92/udp" S=9\nEXPOSE $P\nSTOPSIGNAL $S',
  },
  { name: 'ADD of a missing URL', dockerfile: 'FROM busybox\nADD http://127.0.0.1:1/x /' },
  { name: 'ADD of a URL to an unknown name', dockerfile: 'FROM busybox\nADD http://127.0.0.1:1/ /x/' },
  { name: 'empty exec', dockerfile: 'FROM busybox\nRUN []\nCMD []\nENTRYPOINT []' },
  { name: 'ONBUILD of what is not allowed', dockerfile: 'FROM busybox\nONBUILD FROM x' },
  { name: 'no context directory', dockerfile: 'FROM busybox\nCOPY . .' },
  { name: 'stage that is not there', dockerfile: 'FROM busybox\nFROM busybox\nCOPY --from=7 /a /' },
  { name: 'own stage by number', dockerfile: 'FROM busybox\nFROM busybox\nCOPY --from=1 /a /' },
  { name: 'chown by numbers', files: FILES, dockerfile: 'FROM busybox\nCOPY --chown=1:2 a /x/' },
  { name: 'chown of an unknown group', files: FILES, dockerfile: 'FROM busybox\nCOPY --chown=0:nosuch a /x/' },
  { name: 'chown with too many parts', files: FILES, dockerfile: 'FROM busybox\nCOPY --chown=1:2:3 a /x/' },
  { name: 'unknown protocol', dockerfile: 'FROM busybox\nEXPOSE 80/foo' },
  { name: 'no port', dockerfile: 'FROM busybox\nEXPOSE /tcp' },
  { name: 'port range of another length', dockerfile: 'FROM busybox\nEXPOSE 1:2-4' },
  { name: 'port at an address that is none', dockerfile: 'FROM busybox\nEXPOSE 1.2.3:80:80' },
  { name: 'workdir over a file', dockerfile: 'FROM busybox\nWORKDIR /etc/passwd' },
  {
    name: 'overriding a health check',
    dockerfile: 'FROM busybox\nHEALTHCHECK CMD x\nHEALTHCHECK --interval=90s --timeout=1500ms CMD ["a b","c"]',
  },
  { name: 'two triggers', dockerfile: 'FROM busybox\nONBUILD RUN echo 1\nONBUILD ENV X=1' },
  { name: 'runs two triggers', query: 'nocache=1', dockerfile: 'FROM rec-classic' },
  {
    name: 'quoted words',
    dockerfile: 'FROM busybox\nCMD echo "a\tb" $X\nLABEL "a b"="c d"\nENTRYPOINT ["a\\tb", "\u00fc"]',
  },
  { name: 'ADD of a missing file', dockerfile: 'FROM busybox\nADD nosuch /' },
  { name: 'empty lists', dockerfile: 'FROM busybox\nCMD []' },
  {
    name: 'owners and modes of directories',
    files: FILES,
    dockerfile: `FROM busybox AS a
COPY --chown=5:6 d /src
RUN chmod 700 /src; chmod 4755 /src/one
FROM busybox
COPY --chown=3:4 a /p/q/
COPY --chown=3:4 a /p2/q2
COPY --chown=3:4 d /p3/q3/r3/
COPY d /m1/m2
COPY --from=a /src /s1/s2
COPY d /etc
ADD d /m3/
RUN stat -c "%n %u:%g %a" /p /p/q /p2 /p3 /p3/q3 /p3/q3/r3 /m1 /m1/m2 /s1 /s1/s2 /s1/s2/one /m1/m2/one /etc /m3 /m3/one`,
  },
];
