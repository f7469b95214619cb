/** Where a build ends otherwise than with dockerd, and why. */
export const DIFFERENCES: Readonly<Record<string, { readonly why: string; readonly ours: string }>> = {
  'copy: parents': {
    why: 'the syntax of dockerd 28.5 lacks --parents, which is in the contract (1.20)',
    ours: `exit 0
step [1/3] COPY --parents a/b/c a/b/d /p/
step [2/3] COPY --parents ./x/./y/z /q/
step [3/3] COPY --parents **/*.md /m/
step [internal] load build context
step [internal] load build definition from Dockerfile
config {"architecture":"amd64","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"WorkingDir":"/"},"os":"linux"}
history {"comment":"buildkit.dockerfile.v0","created_by":"COPY --parents a/b/c a/b/d /p/ # buildkit"}
history {"comment":"buildkit.dockerfile.v0","created_by":"COPY --parents ./x/./y/z /q/ # buildkit"}
history {"comment":"buildkit.dockerfile.v0","created_by":"COPY --parents **/*.md /m/ # buildkit"}
layers 3
file 0755 0:0 m/
file 0755 0:0 m/docs/
file 0644 0:0 m/docs/r.md 2 8e54b0ca1802
file 0644 0:0 m/top.md 3 7d673a14a860
file 0755 0:0 p/
file 0755 0:0 p/a/
file 0755 0:0 p/a/b/
file 0644 0:0 p/a/b/c 2 a3a5e715f0cc
file 0644 0:0 p/a/b/d 2 8d74beec1be9
file 0755 0:0 q/
file 0755 0:0 q/y/
file 0644 0:0 q/y/z 2 c865f6c5ab8d`,
  },
  'run: security that nobody allowed': {
    why: 'the syntax of dockerd 28.5 lacks --security, which is in the contract (1.20)',
    ours: `exit 1
step [internal] load build definition from Dockerfile
ERROR: failed to build: failed to solve: PermissionDenied: failed to load LLB: security.insecure is not allowed`,
  },
  'from-and-args: a base that is not there': {
    why: 'a registry on localhost is asked by https and then by http: ours names the last request',
    ours: `exit 1
step [internal] load build definition from Dockerfile
------
 > [internal] load metadata for localhost:1/does/not-exist:1:
------
Dockerfile:2
--------------------
   1 |     FROM busybox
   2 | >>> FROM localhost:1/does/not-exist:1
   3 |     
   4 |     
--------------------
ERROR: failed to build: failed to solve: localhost:1/does/not-exist:1: failed to resolve source metadata for localhost:1/does/not-exist:1: failed to do request: Head "http://localhost:1/v2/does/not-exist/manifests/1": dial tcp 127.0.0.1:1: connect: connection refused`,
  },
};
