/** A request whose answer is recorded from a real BuildKit. */
export interface Case {
  readonly file: string;
  /** Beside `filename` and `image-resolve-mode=local`. */
  readonly options?: Readonly<Record<string, string>>;
  /** Files of the context, beside `a.txt` and `dir/b.txt`. */
  readonly context?: Readonly<Record<string, string>>;
  /** Further files beside the Dockerfile. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Graphs that the client gives, by key: each has one file of that name. */
  readonly inputs?: readonly string[];
  /** Asked of an engine with containerd's image store, whose BuildKit has merge ops. */
  readonly merges?: true;
}

/** The images of the cases: an instruction for `docker import --change` each. */
export const IMAGES: Readonly<Record<string, readonly string[]>> = {
  'conv/base': ['ENV PATH=/usr/bin:/bin', 'CMD ["sh"]'],
  'conv/bare': [],
  'conv/rich': [
    'ENV A=1 B=two',
    'WORKDIR /work',
    'USER 7:8',
    'ENTRYPOINT ["/entry"]',
    'CMD ["word"]',
    'LABEL from=rich',
    'EXPOSE 80',
    'VOLUME /data',
    'HEALTHCHECK CMD true',
    'STOPSIGNAL SIGINT',
  ],
  'conv/triggers': ['ONBUILD ARG X=5', 'ONBUILD RUN echo triggered $X', 'ONBUILD COPY a.txt /t/', 'ONBUILD ENV T=$X'],
};

const BASE = 'FROM conv/base\n';

/** By name, which says what is asked. */
export const CASES: Readonly<Record<string, string | Case>> = {
  'an image alone': 'FROM conv/base',
  scratch: 'FROM scratch\nCOPY a.txt /',
  'scratch without steps': 'FROM scratch\nENV A=1',
  'an image without settings': 'FROM conv/bare\nRUN true',
  'an image with settings': 'FROM conv/rich\nRUN true\nWORKDIR sub\nCOPY a.txt ./\nENTRYPOINT ["/other"]',
  'shell and exec form': `${BASE}RUN echo "$PATH" && true\nRUN ["echo", "$PATH"]`,
  'several lines': `${BASE}RUN echo a \\\n  b \\\n  # comment\n  c`,
  'a shell of its own': `${BASE}SHELL ["/bin/ash", "-ec"]\nRUN true\nCMD echo hi\nENTRYPOINT run it`,
  'heredoc of RUN': `${BASE}RUN <<EOF\necho a\necho $b\nEOF`,
  'heredoc with a first line': `${BASE}RUN <<EOF\n#!/bin/ash\necho a\nEOF`,
  'heredoc for a command': `${BASE}RUN cat <<EOF > /x && cat <<'OTHER' >> /x\na $HOME\nEOF\nb\nOTHER`,
  'heredoc with tabs': `${BASE}RUN <<-EOF\n\techo a\n\t\techo b\n\tEOF`,
  'heredoc for exec form': `${BASE}SHELL ["/bin/ash", "-c"]\nRUN <<EOF\ntrue\nEOF`,
  'heredocs of COPY': `${BASE}ENV X=1\nCOPY <<A <<"B" /d/\nx=$X\nA\nx=$X\nB`,
  'heredoc of COPY with mode and owner': `${BASE}COPY --chmod=640 --chown=3:4 <<A /d\nx\nA`,
  'heredoc and a file': `${BASE}COPY a.txt <<A dir /d/\nx\nA`,
  'heredoc of ADD': `${BASE}ADD <<-A /d\n\tx\n\tA`,
  'ARG and ENV': `ARG G=1\nARG H\nFROM conv/base\nARG G\nARG H\nARG L=\${G}2\nENV E=$L F=x\nENV E=y Z=$E\nRUN echo $E\nARG E=arg\nRUN echo $E $L`,
  'build args': {
    file: 'ARG G=1\nFROM conv/base\nARG G\nARG L=2 M\nRUN echo $G $L $M\nENV L=env\nRUN true',
    options: { 'build-arg:G': 'g', 'build-arg:L': 'l', 'build-arg:M': 'm', 'build-arg:UNUSED': 'u' },
  },
  'secret looking args': `${BASE}ARG A=b\nARG A\nRUN true\nARG C="x y"\nRUN true`,
  'proxy args': {
    file: `${BASE}RUN true\nARG http_proxy\nRUN true`,
    options: { 'build-arg:http_proxy': 'http://p:1', 'build-arg:NO_PROXY': 'local', 'build-arg:ALL_PROXY': 'x' },
  },
  'platform args': `FROM --platform=$BUILDPLATFORM conv/base AS b\nARG TARGETPLATFORM\nARG TARGETOS TARGETARCH TARGETVARIANT\nARG BUILDPLATFORM\nARG TARGETSTAGE\nRUN echo $TARGETPLATFORM`,
  'expansions in many places': `${BASE}ARG V=val\nENV U=\${V:-x} W=\${N:-none} Y=\${V:+yes}\nLABEL a=$V "b c"=\${V#v}\nUSER $V\nEXPOSE $N 80$N\nVOLUME /$V\nWORKDIR /$V\nSTOPSIGNAL \${N:-SIGTERM}\nCOPY $V*.txt a.txt /$V/`,
  settings: `${BASE}MAINTAINER me\nLABEL a=1 b="two words"\nEXPOSE 80 53/udp 1000-1002\nVOLUME /v ["/w"]\nUSER web:web\nSTOPSIGNAL 9\nCMD ["a","b"]\nENTRYPOINT ["e"]\nHEALTHCHECK --interval=5s --timeout=3s --start-period=1m --start-interval=2s --retries=4 CMD curl x\nONBUILD RUN x\nSHELL ["s"]`,
  'json volumes': `${BASE}VOLUME ["/v", "/w"]\nHEALTHCHECK NONE\nCMD echo a`,
  'legacy pairs': `${BASE}ENV A some words\nLABEL B other words\nRUN true`,
  'entrypoint after command': `FROM conv/rich\nCMD ["x"]\nENTRYPOINT ["y"]`,
  'entrypoint drops the command of the image': `FROM conv/rich\nENTRYPOINT ["y"]`,
  'empty command': `FROM conv/rich\nCMD []\nENTRYPOINT []`,
  'empty shell forms': `${BASE}CMD\nRUN true`,
  WORKDIR: `${BASE}WORKDIR a\nWORKDIR b/../c\nWORKDIR /d/\nWORKDIR ./e\nRUN true`,
  'WORKDIR on scratch': 'FROM scratch\nWORKDIR /a\nCOPY a.txt .',
  'WORKDIR of a user': `${BASE}USER 5\nWORKDIR /home/five\nUSER web\nWORKDIR /home/web`,
  'COPY of files': `${BASE}COPY a.txt /\nCOPY a.txt b\nCOPY a.txt dir /c/\nCOPY . .\nCOPY ./dir/ /d\nCOPY ["a.txt","/with space/"]`,
  'COPY with wildcards': `${BASE}COPY *.txt d?r /w/\nCOPY dir/**/x /w/`,
  'COPY with owners': `${BASE}COPY --chown=web a.txt /\nCOPY --chown=web:5 a.txt /\nCOPY --chown=1000:group a.txt /\nCOPY --chown=:9 a.txt /`,
  'COPY with modes': `${BASE}COPY --chmod=0644 a.txt /\nCOPY --chmod=4755 a.txt /`,
  'COPY with symbolic modes': `${BASE}COPY --chmod=u=rwX,go=rX a.txt /\nADD --chmod=go-w a.txt /`,
  'COPY with wrong mode': `${BASE}COPY --chmod=abc a.txt /`,
  'COPY out of the context': `${BASE}COPY ../a.txt /x/../y`,
  'COPY with excludes': `${BASE}COPY --exclude=*.log --exclude=dir/x . /`,
  'COPY with parents': `${BASE}COPY --parents dir/./b.txt a.txt /p/\nCOPY --parents dir/*.txt /q`,
  'COPY from stages':
    'FROM conv/base AS one\nRUN touch /x\nFROM conv/base\nRUN touch /y\nFROM scratch\nCOPY --from=one /x /\nCOPY --from=1 /y /\nCOPY --from=ONE x y /z/',
  'COPY from an image': `${BASE}COPY --from=conv/rich /bin/sh /x`,
  'COPY from itself': 'FROM conv/base AS me\nCOPY --from=me /a /b',
  'COPY from a later stage': 'FROM conv/base AS one\nCOPY --from=two /a /b\nFROM conv/base AS two',
  'COPY from a wrong index': `${BASE}COPY --from=7 /a /b`,
  'COPY from a variable': `${BASE}ARG X=one\nCOPY --from=$X /a /b`,
  'COPY from an empty variable': `${BASE}COPY --from=\${X} /a /b`,
  'COPY link': {
    file: `${BASE}RUN true\nCOPY --link a.txt /l/\nCOPY --link --chown=1:2 dir /d\nRUN true`,
    merges: true,
  },
  'COPY link with names': { file: `${BASE}COPY --link --chown=web a.txt /l/`, merges: true },
  'COPY link on scratch': { file: 'FROM scratch\nCOPY --link a.txt /\nCOPY --link dir /d', merges: true },
  'COPY link relative': { file: `${BASE}WORKDIR /w\nCOPY --link a.txt b\nADD --link a.txt dir ./c/`, merges: true },
  'COPY link without merge ops': `${BASE}COPY --link a.txt /l/`,
  'COPY link from a stage': {
    file: 'FROM conv/base AS one\nRUN touch /x\nFROM conv/base\nCOPY --link --from=one /x /y',
    merges: true,
  },
  'heredoc link': { file: `${BASE}COPY --link <<A /d\nx\nA`, merges: true },
  'ADD of files': `${BASE}ADD a.txt dir /x/\nADD --chown=1 --chmod=600 a.txt /y`,
  'ADD of a URL': `${BASE}ADD http://example.test/some/file.tar.gz /x/\nADD https://example.test/y?z=1 /y\nADD --chmod=755 --chown=3 http://example.test/a /z`,
  'ADD with a checksum': `${BASE}ADD --checksum=sha256:${'0'.repeat(64)} http://example.test/f /x/`,
  'ADD with a wrong checksum': `${BASE}ADD --checksum=md5:00 http://example.test/f /x/`,
  'ADD of a file with a checksum': `${BASE}ADD --checksum=sha256:${'0'.repeat(64)} a.txt /x/`,
  'ADD without unpacking': `${BASE}ADD --unpack=false a.tar /x/\nADD --unpack=true http://example.test/f.tar /y/\nADD --unpack a.tar /z`,
  'ADD of a repository': `${BASE}ADD https://github.test/me/it.git /x\nADD https://github.test/me/it.git#v1:sub /y\nADD --keep-git-dir=true https://github.test/me/it.git#main /z\nADD git@github.test:me/it.git /s`,
  'ADD of a repository with a query': `${BASE}ADD https://github.test/me/it.git?branch=b&subdir=s /x`,
  'ADD of a repository with a checksum': `${BASE}ADD --checksum=${'a'.repeat(40)} https://github.test/me/it.git#v1 /x`,
  'ADD with excludes': `${BASE}ADD --exclude=x . /d/`,
  'mounts of binds': `FROM conv/base AS one\nFROM conv/base\nRUN --mount=target=/src true\nRUN --mount=type=bind,from=one,source=/bin,target=bin,rw true\nRUN --mount=type=bind,from=conv/rich,target=/r true\nRUN --mount=type=bind,source=dir,target=/x,ro=false true`,
  'mounts of caches': `${BASE}RUN --mount=type=cache,target=/c true\nRUN --mount=type=cache,id=x,target=/c,sharing=locked,mode=0700,uid=3,gid=4 true\nRUN --mount=type=cache,target=/p,sharing=private,ro true\nRUN --mount=type=cache,target=~/x,from=conv/base,source=/etc true\nWORKDIR /w\nRUN --mount=type=cache,target=rel true`,
  'cache name space': {
    file: `${BASE}RUN --mount=type=cache,target=/c --mount=type=cache,target=/d,id=i true`,
    options: { 'build-arg:BUILDKIT_CACHE_MOUNT_NS': 'ns' },
  },
  'mounts of tmpfs': `${BASE}RUN --mount=type=tmpfs,target=/t true\nRUN --mount=type=tmpfs,target=/t,size=10m true`,
  'mounts of secrets': `${BASE}RUN --mount=type=secret,id=a true\nRUN --mount=type=secret,id=a,target=/b,mode=0444,uid=1,gid=2,required true\nRUN --mount=type=secret,id=a,env=TOKEN true\nRUN --mount=type=secret,id=a,env=TOKEN,target=/x,required=true true\nRUN --mount=type=secret,target=/p/q true`,
  'mounts of agents': `${BASE}RUN --mount=type=ssh true\nRUN --mount=type=ssh,id=x,target=/agent,mode=0666,uid=1,gid=2,required true\nRUN --mount=type=ssh --mount=type=ssh,id=y true`,
  'mounts with variables': `${BASE}ARG D=dir\nENV T=/t\nRUN --mount=source=$D,target=$T true\nRUN --mount=type=cache,id=$D,target=/$D true`,
  'mount on the root': `${BASE}RUN --mount=target=/ true`,
  'mount without a target': `${BASE}RUN --mount=type=cache true`,
  'mount from a later stage': 'FROM conv/base\nRUN --mount=from=two,target=/x true\nFROM conv/base AS two',
  networks: `${BASE}RUN --network=none true\nRUN --network=host true\nRUN --network=default true`,
  security: `${BASE}RUN --security=sandbox true`,
  'options of RUN': {
    file: `${BASE}RUN true\nRUN --network=none true`,
    options: {
      'add-hosts': 'one=1.2.3.4,two=::1',
      ulimit: 'nofile=10:20,nproc=5:5',
      'shm-size': '1048576',
      'cgroup-parent': 'above',
      'force-network-mode': 'host',
      hostname: 'name',
    },
  },
  'sandbox host name': { file: `${BASE}RUN true`, options: { 'build-arg:BUILDKIT_SANDBOX_HOSTNAME': 'box' } },
  'no network by option': { file: `${BASE}RUN true`, options: { 'force-network-mode': 'none' } },
  stages:
    'FROM conv/base AS one\nRUN echo 1\nENV A=1\nARG B=2\nFROM one AS two\nARG B\nRUN echo $A $B\nFROM conv/base AS unused\nRUN exit 1\nFROM two\nCOPY --from=one /x /y',
  'ten steps': `${BASE}${'RUN true\n'.repeat(10)}`,
  'a stage as it is': 'FROM conv/base AS one\nRUN true\nENV X=1\nFROM one',
  'target by name': { file: 'FROM conv/base AS one\nRUN true\nFROM one AS two\nRUN false', options: { target: 'ONE' } },
  'target by index': { file: 'FROM conv/base AS one\nRUN true\nFROM one AS two\nRUN false', options: { target: '0' } },
  'target that is not there': { file: 'FROM conv/base AS one\nRUN true', options: { target: 'onee' } },
  'ARG in FROM': { file: `ARG I=base\nARG T\nFROM conv/\${I}\${T:+:$T} AS x`, options: { 'build-arg:I': 'rich' } },
  'stage by variable': 'ARG S=one\nFROM conv/base AS one\nFROM conv/base AS two\nFROM $S\nRUN true',
  'blank FROM': 'ARG I\nFROM $I\nRUN true',
  'wrong reference': 'FROM Conv/UPPER\nRUN true',
  triggers: `FROM conv/triggers\nRUN true`,
  'trigger from the file': 'FROM conv/base AS one\nONBUILD RUN echo x\nFROM one\nRUN true',
  'no cache': {
    file: 'FROM conv/base AS one\nRUN true\nFROM conv/base\nCOPY --from=one /x /\nRUN true',
    options: { 'no-cache': '' },
  },
  'no cache of a stage': {
    file: 'FROM conv/base AS one\nRUN true\nFROM conv/base AS two\nCOPY --from=one /x /\nRUN true',
    options: { 'no-cache': 'One,zero' },
  },
  'labels by option': { file: `${BASE}LABEL a=file`, options: { 'label:a': 'option', 'label:b': '2' } },
  'another platform': {
    file: 'FROM --platform=linux/arm64 scratch\nCOPY a.txt /',
    options: { platform: 'linux/arm64' },
  },
  'two platforms': {
    file: 'FROM --platform=$BUILDPLATFORM conv/base AS tool\nARG TARGETARCH\nRUN echo $TARGETARCH\nFROM scratch\nCOPY --from=tool /x /\nCOPY a.txt /',
    options: { platform: 'linux/amd64,linux/arm64' },
  },
  'multi platform by option': { file: 'FROM scratch\nCOPY a.txt /', options: { 'multi-platform': 'true' } },
  'ignore file': { file: `${BASE}COPY . /`, context: { '.dockerignore': 'dir\n!dir/b.txt\n# x\n' } },
  'ignore file of the Dockerfile': { file: `${BASE}COPY a.txt /`, beside: { 'Dockerfile.dockerignore': '/other\n' } },
  'ignored source': { file: `${BASE}COPY a.txt dir/b.txt /`, context: { '.dockerignore': 'a.*\n' } },
  'ignored source and the rule': {
    file: 'FROM scratch\nADD a.txt /\nCOPY dir/b.txt /',
    context: { '.dockerignore': 'a.*\n' },
    options: { 'build-arg:BUILDKIT_DOCKERFILE_CHECK': 'experimental=all' },
  },
  'another file name': { file: `${BASE}RUN true`, options: { filename: 'sub/Other.df' } },
  'named image': {
    file: 'FROM web AS w\nCOPY --from=tool /x /',
    options: { 'context:web': 'docker-image://conv/rich', 'context:tool': 'docker-image://conv/base:latest' },
  },
  'named context for an image with a tag': {
    file: 'FROM conv/base:latest\nRUN true',
    options: { 'context:conv/base': 'docker-image://conv/rich' },
  },
  'named directory': {
    file: `${BASE}COPY --from=src a.txt /\nRUN --mount=from=src,target=/s true`,
    options: { 'context:src': 'local:src' },
  },
  'named graph': {
    file: 'FROM web\nRUN true\nCOPY --from=tree a.txt /\nCOPY --from=tree dir /d',
    options: {
      'context:web': 'input:0-web',
      'input-metadata:0-web': JSON.stringify({
        'containerimage.config': Buffer.from(
          JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers' }, config: { Env: ['X=1'] } }),
        ).toString('base64'),
      }),
      'context:tree': 'input:1-tree',
    },
    inputs: ['0-web', '1-tree'],
  },
  'named graph that is not there': { file: 'FROM web\nRUN true', options: { 'context:web': 'input:0-web' } },
  'graphs for context and Dockerfile': { file: 'FROM scratch\nCOPY a.txt /', inputs: ['context'] },
  'named scratch': { file: 'FROM web\nCOPY a.txt /', options: { 'context:web': 'docker-image://scratch' } },
  'named context for a stage': {
    file: 'FROM conv/base AS one\nRUN false\nFROM one\nRUN true',
    options: { 'context:one': 'docker-image://conv/rich' },
  },
  'named context for a platform': {
    file: 'FROM web\nRUN true',
    options: { 'context:web::linux/amd64': 'docker-image://conv/rich' },
  },
  'named repository': {
    file: `${BASE}COPY --from=src a /b`,
    options: { 'context:src': 'https://github.test/me/it.git#v1:sub' },
  },
  'named context of an unknown kind': { file: `${BASE}COPY --from=src a /b`, options: { 'context:src': 'other:x' } },
  'source date': {
    file: `${BASE}ENV A=1\nCOPY a.txt /\nWORKDIR /x\nRUN true\nCOPY <<A /d\nA\n`,
    options: { 'build-arg:SOURCE_DATE_EPOCH': '1700000000' },
  },
  'source date used': {
    file: `${BASE}ARG SOURCE_DATE_EPOCH\nRUN true`,
    options: { 'build-arg:SOURCE_DATE_EPOCH': '1700000000' },
  },
  'context directory of a key': { file: `${BASE}COPY a.txt /`, options: { contextkey: 'context' } },
  'images that are needed twice':
    'FROM conv/base AS one\nRUN true\nFROM conv/base\nCOPY --from=one /x /\nCOPY --from=conv/base /x /',
  'COPY from a stage that comes later': {
    file: 'FROM conv/base AS one\nCOPY --from=two /a /b\nFROM conv/base AS two\nRUN true',
    options: { target: 'one' },
  },
  'mount from a stage that comes later': {
    file: 'FROM conv/base AS one\nRUN --mount=from=two,target=/x true\nFROM conv/base AS two\nRUN true',
    options: { target: 'one' },
  },
  'one bind mount': `${BASE}RUN --mount=target=/src true`,
  'one secret': `${BASE}RUN --mount=type=secret,id=a,target=rel/x true`,
  'working directory with a slash': `${BASE}WORKDIR /d/\nRUN true\nWORKDIR /\nRUN true\nCOPY a.txt x/..\nCOPY a.txt ..`,
  'ARG that uses the one before': `${BASE}ARG A=1 B=$A\nARG C=$B D\nRUN true`,
  'ENV with quotes and blanks': `${BASE}ENV A="x y" B='q' C=\\ d\nRUN echo "$A" '$B' \\$C \${A:-z} $NOPE\nCOPY "a.txt" $NOPE/x$A /`,
  'modes that are wrong': `${BASE}COPY --chmod=77777 a.txt /`,
  'owner that is empty': `${BASE}COPY --chown=5: a.txt /`,
  'USER with a group name': `${BASE}USER web:staff\nWORKDIR /w`,
  'labels in any order': `${BASE}LABEL b=1 a=2\nLABEL b=3`,
  'SHELL and heredoc': `${BASE}SHELL ["/bin/ash"]\nRUN <<A cat\nx\nA`,
  'two heredocs': `${BASE}RUN <<A && <<B cat\nx\nA\ny\nB`,
  'add a folder by URL': `${BASE}ADD http://example.test/ /x/`,
  'ssh repository': `${BASE}ADD ssh://git@host.test:22/me/it.git#v2 /x`,
  'stage on a stage of another platform':
    'FROM --platform=linux/arm64 scratch AS one\nCOPY a.txt /\nFROM --platform=linux/amd64 one\nCOPY a.txt /b',
  'an implicit platform': 'FROM --platform=linux/arm64 scratch\nCOPY a.txt /',
  'variables in names': `${BASE}ARG A=1\nWORKDIR /x$A$NOPE\nADD a.txt $NOPE/$A`,
  'git addresses': `${BASE}ADD git://host.test/me/it#v1 /a\nADD https://user:word@host.test/it.git /b\nADD --chown=1:2 --chmod=700 ssh://git@host.test:22/it.git#:sub /c\nADD me@host.test:~/it.git#v2:a/b /d\nADD https://host.test/it.git# /e`,
  'git and files together': `${BASE}ADD https://host.test/it.git a.txt http://host.test/x%20y /d/`,
  'git without its folder': `${BASE}ADD --keep-git-dir=false https://host.test/it.git /d/`,
  'owner by variable': `${BASE}ARG U=7\nARG G=web\nCOPY --chown=$U:$G --chmod=$U$U a.txt /`,
  'copy from scratch': `${BASE}COPY --from=scratch / /x`,
  'scratch stage': 'FROM scratch AS one\nENV A=1\nFROM one\nCOPY --from=one /x /y\nRUN true',
  'stage names in any case': 'FROM conv/base AS One\nRUN true\nFROM ONE AS two\nCOPY --from=oNe /x /y',
  'equal stage names': 'FROM conv/base AS one\nRUN true\nFROM conv/rich AS one\nFROM one\nCOPY --from=one /x /y',
  'path in the environment': `${BASE}ENV PATH=/x:$PATH\nRUN true\nENV PATH=\nRUN true`,
  'shell of the stage below':
    'FROM conv/base AS one\nSHELL ["/bin/ash","-c"]\nUSER 3\nWORKDIR /w\nFROM one\nRUN true\nCMD x\nWORKDIR y\nCOPY a.txt .',
  'command of the stage below': 'FROM conv/rich AS one\nCMD ["own"]\nFROM one\nENTRYPOINT ["e"]',
  'equal settings': `${BASE}EXPOSE 80 80/tcp 81-80\nVOLUME /v /v\nENV A=1 A=2\nLABEL a=1 a=2`,
  'equal ports': `${BASE}EXPOSE 80 80/tcp 90\nVOLUME /v /v\nENV A=1 A=2\nLABEL a=1 a=2\nSTOPSIGNAL RTMIN+3`,
  'another escape': '# escape=`\nFROM conv/base\nRUN echo `\n  a \\ b\nENV A=`$B C=\\\nCOPY a.txt `$x\\',
  'lines of Windows': 'FROM conv/base\r\nRUN echo a \\\r\n  b\r\nRUN <<E\r\nx\r\nE\r\nCOPY a.txt /\r\n',
  'letters of the world': `${BASE}ENV Ä=ö\nRUN echo "€ $Ä"\nLABEL ü="<>&"\nCOPY a.txt /ß/`,
  'trigger that copies from a stage':
    'FROM conv/base AS src\nRUN true\nFROM conv/base AS one\nONBUILD COPY --from=src /x /y\nONBUILD ARG V\nFROM one\nRUN true',
  'trigger with a heredoc': 'FROM conv/base AS one\nONBUILD RUN <<E\necho x\nE\nFROM one',
  'trigger that is wrong': 'FROM conv/base AS one\nONBUILD RUNN x\nFROM one',
  'no cache for all kinds': {
    file: `${BASE}WORKDIR /w\nCOPY <<A a.txt /d/\nx\nA\nADD http://host.test/x /\nRUN --mount=type=cache,target=/c,mode=0700 true`,
    options: { 'no-cache': '' },
  },
  'no cache of a link': { file: `${BASE}COPY --link a.txt /`, options: { 'no-cache': '' }, merges: true },
  'link of a download': {
    file: `${BASE}ADD --link http://host.test/x /y\nADD --link https://host.test/it.git /z`,
    merges: true,
  },
  'link in the middle': {
    file: 'FROM scratch\nCOPY --link a.txt /\nCOPY a.txt /b\nCOPY --link a.txt /c',
    merges: true,
  },
  'variants of platforms': {
    file: 'FROM scratch\nARG TARGETPLATFORM\nARG TARGETVARIANT\nCOPY a.txt /$TARGETVARIANT/',
    options: { platform: 'linux/arm/v7,linux/arm64/v8,linux/386' },
  },
  'platform args that are given': {
    file: 'FROM --platform=$TARGETPLATFORM scratch AS x\nARG TARGETARCH\nARG TARGETSTAGE\nCOPY a.txt /$TARGETARCH/$TARGETSTAGE',
    options: { 'build-arg:TARGETARCH': 'mine', target: 'x' },
  },
  'empty build args': {
    file: `ARG A=1\nFROM conv/base\nARG A\nARG B=2\nRUN true\nENV C=\${B:-x}`,
    options: { 'build-arg:A': '', 'build-arg:B': '', 'label:x': '' },
  },
  'image by tag': `FROM conv/base:latest AS x\nRUN true`,
  'many mounts': `${BASE}RUN --mount=type=cache,target=/b --mount=target=/a --mount=type=tmpfs,target=/c --mount=type=bind,target=/a/b,source=dir true`,
  'arguments of the scanner': `${BASE}ARG BUILDKIT_SBOM_SCAN_STAGE=true\nRUN true`,
  'several in one line': `${BASE}ARG A B=2 C="x y"\nENV D=$B$C\nRUN echo $D \${C#x} "$A"`,
  'names of mounts with variables': `${BASE}ENV HOME=/root\nRUN --mount=type=cache,target=$HOME/.c --mount=type=secret,id=x,target=\${HOME}/s true`,
  'cross build': {
    file: 'FROM --platform=$BUILDPLATFORM conv/base AS tool\nARG TARGETPLATFORM TARGETOS\nRUN true\nFROM --platform=$BUILDPLATFORM conv/base\nRUN true',
    options: { platform: 'linux/arm64', 'multi-platform': 'true' },
  },
  'unknown instruction': `${BASE}RUNN true`,
  'circle of stages':
    'FROM conv/base AS one\nCOPY --from=two / /\nFROM conv/base AS two\nCOPY --from=one / /\nFROM two',
  'wrong signal': `${BASE}STOPSIGNAL SIGNOPE`,
  'wrong port': `${BASE}EXPOSE 80/abc`,
  'wrong health check': `${BASE}HEALTHCHECK --interval=1 CMD x`,
  warnings: 'from conv/base as One\nRUN echo $UNKNOWN\nMAINTAINER x\nCMD echo\nENV PASSWORD=1\nWORKDIR a',
  'check as error': '# check=error=true\nFROM conv/base\nMAINTAINER x',
  outline: {
    file: '# V version\nARG V=1\n# base the base\nFROM conv/base AS base\n# L level\nARG L=$V\nARG V\nRUN --mount=type=secret,id=s,required --mount=type=ssh --mount=type=cache,id=c,target=/c true\n# out the result\nFROM base AS out\nRUN true',
    options: { requestid: 'frontend.outline', 'frontend.caps': 'moby.buildkit.frontend.subrequests' },
  },
  targets: {
    file: '# base the base\nFROM conv/base AS base\nRUN true\nFROM base\n# out the result\nFROM --platform=$BUILDPLATFORM base AS out\nRUN true',
    options: { requestid: 'frontend.targets', 'frontend.caps': 'moby.buildkit.frontend.subrequests' },
  },
  lint: {
    file: 'FROM conv/base as One\nMAINTAINER x\nRUN echo $NO',
    options: { requestid: 'frontend.lint', 'frontend.caps': 'moby.buildkit.frontend.subrequests+forward' },
  },
  'lint of a wrong file': { file: 'FROM conv/base as One\nRUNN x', options: { requestid: 'frontend.lint' } },
  'lint without warnings': { file: 'FROM scratch\nCOPY a.txt /', options: { requestid: 'frontend.lint' } },
  describe: { file: 'FROM scratch', options: { requestid: 'frontend.subrequests.describe' } },
  'unknown request': { file: 'FROM scratch', options: { requestid: 'frontend.other' } },
  'unknown capability': { file: 'FROM scratch', options: { 'frontend.caps': 'moby.buildkit.frontend.other' } },
};
