import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { type CommandResult, command } from '../support/command.ts';
import { APT_INSTALL, buildDebianImage } from '../support/debian-image.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';

// Images of real programs on a Debian that is made from its packages. Each is built by buildx and by `gantry build`, runs, and is used.
const engine = useEngine();
const BASE = 'debian-base';
const TIMEOUT = { timeoutMs: 1_200_000 };

interface App {
  readonly files: Readonly<Record<string, string>>;
  /** More flags of the build, such as contexts. */
  readonly flags?: (t: TestContext) => Promise<readonly string[]>;
  /** Flags of `run`. */
  readonly run?: readonly string[];
  readonly use: (container: Running, t: TestContext) => Promise<void>;
}

interface Running {
  /** On the host, of the port that the image exposes. */
  readonly port: number;
  exec(...args: readonly string[]): Promise<string>;
}

const INSTALL = APT_INSTALL;

function folder(t: TestContext | undefined, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'gantry-real-'));
  t?.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

async function ok(result: Promise<CommandResult>): Promise<string> {
  const { code, stdout, stderr } = await result;
  assert.equal(code, 0, (stderr + stdout).slice(-5000));
  return stdout.trim();
}

let base: Promise<void> | undefined;
/** The image is built by the first test that needs it. */
const withBase = (): Promise<void> => (base ??= buildDebianImage(engine(), BASE));

const page = (port: number, path = '/'): Promise<string> =>
  eventually(async () => (await fetch(`http://127.0.0.1:${port}${path}`)).text(), 300);

const APPS: Readonly<Record<string, App>> = {
  'a static program on scratch': {
    files: {
      Dockerfile: `FROM ${BASE} AS build
RUN ${INSTALL} gcc libc6-dev
WORKDIR /src
COPY main.c .
RUN gcc -O2 -static -s -o /server main.c
FROM scratch
COPY --from=build --chmod=555 /server /server
USER 1000:1000
EXPOSE 8080
ENTRYPOINT ["/server"]
`,
      'main.c': `#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>
int main(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(8080)};
  const char *answer = "HTTP/1.0 200 OK\\r\\n\\r\\nfrom scratch\\n";
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(server, (struct sockaddr *)&at, sizeof at) || listen(server, 8)) return 1;
  for (;;) {
    char request[4096];
    int client = accept(server, 0, 0);
    if (read(client, request, sizeof request) > 0) write(client, answer, strlen(answer));
    close(client);
  }
}
`,
    },
    use: async ({ port }) => assert.equal(await page(port), 'from scratch\n'),
  },
  'a Node app with npm ci in a cache mount': {
    files: {
      Dockerfile: `FROM ${BASE} AS node
COPY --from=nodejs node /usr/local/bin/
COPY --from=npm . /usr/local/lib/npm
RUN ln -s ../lib/npm/bin/npm-cli.js /usr/local/bin/npm
FROM node AS modules
WORKDIR /app
COPY package.json ./
RUN --mount=type=cache,target=/root/.npm --mount=type=secret,id=npmrc,target=/root/.npmrc --mount=type=secret,id=ca,target=/ca.pem \\
  npm install --package-lock-only && npm ci --omit=dev
FROM node
WORKDIR /app
COPY --from=modules /app/node_modules node_modules
COPY server.js .
USER nobody
EXPOSE 8080
CMD ["node", "server.js"]
`,
      'package.json': '{"name":"app","version":"1.0.0","dependencies":{"ipaddr.js":"2.2.0"}}',
      'server.js': `const ip = require('ipaddr.js');
require('http').createServer((q, a) => a.end(ip.parse('::1').kind() + '\\n')).listen(8080);
`,
    },
    async flags(t) {
      const npm = realpathSync((await ok(command('sh', ['-c', 'command -v npm']))).trim());
      const registry = await ok(command('npm', ['config', 'get', 'registry']));
      const ca = await ok(command('npm', ['config', 'get', 'cafile']));
      const rc = [`registry=${registry}`, ...(ca === 'null' ? [] : ['cafile=/ca.pem'])].join('\n');
      const secrets = folder(t, { npmrc: `${rc}\n`, none: '\n' });
      return [
        ...[
          '--build-context',
          `nodejs=${dirname(process.execPath)}`,
          '--build-context',
          `npm=${dirname(dirname(npm))}`,
        ],
        ...['--secret', `id=npmrc,src=${join(secrets, 'npmrc')}`],
        ...['--secret', `id=ca,src=${ca === 'null' ? join(secrets, 'none') : ca}`],
      ];
    },
    use: async ({ port }) => assert.equal(await page(port), 'ipv6\n'),
  },
  'a Python app': {
    files: {
      Dockerfile: `FROM ${BASE}
RUN ${INSTALL} python3-minimal python3-flask
WORKDIR /app
COPY <<'EOF' app.py
import flask
app = flask.Flask(__name__)
@app.get('/<name>')
def hello(name):
    return f'hello {name}\\n'
app.run(host='0.0.0.0', port=8080)
EOF
RUN useradd --system app
USER app
EXPOSE 8080
CMD ["python3", "app.py"]
`,
    },
    use: async ({ port }) => assert.equal(await page(port, '/you'), 'hello you\n'),
  },
  nginx: {
    files: {
      Dockerfile: `FROM ${BASE}
RUN ${INSTALL} nginx-light && ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
COPY --chown=www-data:www-data site /var/www/html
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
`,
      'site/index.html': 'served by nginx\n',
    },
    async use({ port, exec }) {
      assert.equal(await page(port), 'served by nginx\n');
      assert.match(await exec('sh', '-c', 'ls -l /var/www/html/index.html'), /www-data www-data/);
    },
  },
  PostgreSQL: {
    files: {
      Dockerfile: `FROM ${BASE}
RUN ${INSTALL} postgresql postgresql-contrib
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/data
RUN install -d -o postgres -g postgres -m 700 $PGDATA
COPY --chmod=755 <<'EOF' /start
#!/bin/sh
set -e
[ -s $PGDATA/PG_VERSION ] || {
  initdb -A trust >/dev/null
  echo "host all all all trust" >>$PGDATA/pg_hba.conf
}
exec postgres -c listen_addresses='*'
EOF
USER postgres
VOLUME /data
EXPOSE 5432
HEALTHCHECK --interval=1s CMD pg_isready
STOPSIGNAL SIGINT
CMD ["/start"]
`,
    },
    async use({ exec }) {
      const sql = (text: string) => exec('psql', '-h', '127.0.0.1', '-At', '-c', text);
      await eventually(() => sql('select 1'), 600);
      await sql('create table t (n int); insert into t select generate_series(1, 1000)');
      assert.equal(await sql('select sum(n) from t'), '500500');
    },
  },
  Redis: {
    files: {
      Dockerfile: `FROM ${BASE}
RUN ${INSTALL} redis-server
WORKDIR /data
RUN chown redis:redis /data
USER redis
EXPOSE 6379
ENTRYPOINT ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no"]
`,
    },
    async use({ exec }) {
      await eventually(async () => assert.equal(await exec('redis-cli', 'ping'), 'PONG'), 300);
      await exec('redis-cli', 'set', 'a', 'b');
      assert.equal(await exec('redis-cli', 'get', 'a'), 'b');
    },
  },
  'an SSH server': {
    files: {
      Dockerfile: `FROM ${BASE}
RUN ${INSTALL} openssh-server && mkdir -p /run/sshd && useradd -m -s /bin/bash user && install -d -o user -g user -m 700 /home/user/.ssh && rm /etc/ssh/ssh_host_*
COPY --from=keys --chown=user:user --chmod=600 key.pub /home/user/.ssh/authorized_keys
EXPOSE 22
CMD ["sh", "-c", "ssh-keygen -A && exec /usr/sbin/sshd -D -e"]
`,
    },
    async flags() {
      rmSync(KEYS, { recursive: true, force: true });
      mkdirSync(KEYS, { recursive: true });
      await ok(command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(KEYS, 'key')]));
      return ['--build-context', `keys=${KEYS}`];
    },
    async use({ port }, t) {
      t.after(() => rmSync(KEYS, { recursive: true, force: true }));
      const options = [
        'StrictHostKeyChecking=no',
        'UserKnownHostsFile=/dev/null',
        'LogLevel=ERROR',
        'IdentitiesOnly=yes',
      ];
      const ssh = ['-i', join(KEYS, 'key'), '-p', String(port), ...options.flatMap((each) => ['-o', each])];
      const ran = await eventually(() => ok(command('ssh', [...ssh, 'user@127.0.0.1', 'id -un; pwd'])), 300);
      assert.equal(ran, 'user\n/home/user');
    },
  },
};
const KEYS = join(tmpdir(), `gantry-real-keys-${process.pid}`);

for (const [what, app] of Object.entries(APPS)) {
  test(`built, run and used: ${what}`, async (t) => {
    await withBase();
    const context = folder(t, app.files);
    const flags = (await app.flags?.(t)) ?? [];
    const env = { DOCKER_CONFIG: pluginConfig(folder(t), 'new') };
    const builders = lacksPlugins('new') === false ? (['docker', 'gantry'] as const) : (['gantry'] as const);
    for (const cli of builders) {
      const tag = unique('app');
      await ok(engine()[cli](['build', '-t', tag, ...flags, context], { env, ...TIMEOUT }));
      const id = await engine().ok('gantry', ['run', '-d', '-P', tag, ...(app.run ?? [])]);
      const [shown = ''] = (await engine().ok('gantry', ['port', id])).split('\n');
      const running: Running = {
        port: Number(shown.split(':').at(-1)),
        exec: (...args) => ok(engine().gantry(['exec', id, ...args])),
      };
      try {
        await app.use(running, t);
      } catch (error) {
        const { stdout, stderr } = await engine().gantry(['logs', id]);
        throw new Error(`${stdout}${stderr}`, { cause: error });
      }
      await engine().ok('gantry', ['rm', '-fv', id]);
      await engine().ok('gantry', ['rmi', '-f', tag]);
    }
  });
}
