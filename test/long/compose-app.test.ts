import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lacksPlugins, pluginConfig } from '../support/client-plugins.ts';
import { command } from '../support/command.ts';
import { APT_INSTALL, buildDebianImage } from '../support/debian-image.ts';
import { eventually, unique, useEngine } from '../support/fixture.ts';

// An application as people write it, from its Dockerfiles: a web server, PostgreSQL and Redis on Debian.
const engine = useEngine();
const BASE = 'debian-base';

let base: Promise<void> | undefined;
/** The image is built by the first test that needs it. */
const withBase = (): Promise<void> => (base ??= buildDebianImage(engine(), BASE));

const FILES: Readonly<Record<string, string>> = {
  'compose.yaml': `
services:
  db:
    build: db
    secrets: [password]
    volumes: ["data:/data"]
    healthcheck: { test: ["CMD", "pg_isready", "-h", "127.0.0.1"], interval: 500ms, retries: 200 }
    networks: [back]
  cache:
    build: cache
    healthcheck: { test: ["CMD", "redis-cli", "ping"], interval: 500ms, retries: 200 }
    networks: [back]
  web:
    build: { context: web, args: { GREETING: hello } }
    secrets: [password]
    environment: { DATABASE: "host=db user=postgres", CACHE: cache }
    depends_on: { db: { condition: service_healthy }, cache: { condition: service_healthy } }
    healthcheck: { test: ["CMD", "python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/')"], interval: 500ms, retries: 200 }
    ports: ["127.0.0.1::8080"]
    networks: [front, back]
networks: { front: , back: { internal: true } }
volumes: { data: }
secrets: { password: { file: ./password } }
`,
  password: 'not to be guessed',
  'db/Dockerfile': `FROM ${BASE}
RUN ${APT_INSTALL} postgresql
ENV PATH=/usr/lib/postgresql/15/bin:$PATH PGDATA=/data/pg
RUN install -d -o postgres -g postgres -m 700 /data
COPY --chmod=755 start /start
USER postgres
STOPSIGNAL SIGINT
CMD ["/start"]
`,
  'db/start': `#!/bin/sh
set -e
[ -s $PGDATA/PG_VERSION ] || {
  initdb -A scram-sha-256 --pwfile=/run/secrets/password >/dev/null
  echo "host all all all scram-sha-256" >>$PGDATA/pg_hba.conf
}
exec postgres -c listen_addresses='*'
`,
  'cache/Dockerfile': `FROM ${BASE}
RUN ${APT_INSTALL} redis-server
USER redis
ENTRYPOINT ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", ""]
`,
  'web/Dockerfile': `FROM ${BASE}
RUN ${APT_INSTALL} python3-minimal python3-flask python3-psycopg2 python3-redis
ARG GREETING
ENV GREETING=$GREETING
WORKDIR /app
COPY app.py .
CMD ["python3", "app.py"]
`,
  'web/app.py': `import os, flask, psycopg2, redis
app = flask.Flask(__name__)
cache = redis.Redis(host=os.environ['CACHE'])
db = psycopg2.connect(os.environ['DATABASE'], password=open('/run/secrets/password').read())
db.autocommit = True
db.cursor().execute('create table if not exists visits (at timestamp default now())')
@app.get('/')
def index():
    return 'up'
@app.get('/visit')
def visit():
    rows = db.cursor()
    rows.execute('insert into visits default values')
    rows.execute('select count(*) from visits')
    return f"{os.environ['GREETING']} {rows.fetchone()[0]} {cache.incr('visits')}"
app.run(host='0.0.0.0', port=8080)
`,
};

const CLIENTS = [
  { name: 'gantry compose', program: [fileURLToPath(new URL('../../bin/gantry', import.meta.url)), 'compose'] },
  { name: 'docker compose', program: ['docker', 'compose'] },
] as const;

for (const { name, program } of CLIENTS) {
  const skip = name === 'docker compose' ? lacksPlugins('new') : false;
  test(`${name}: web, database and cache are built, start when they can, and keep their data`, { skip }, async (t) => {
    await withBase();
    const folder = mkdtempSync(join(tmpdir(), 'gantry-app-'));
    const project = unique('app');
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    for (const [file, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    const env = { DOCKER_HOST: `unix://${engine().socketPath}`, DOCKER_CONFIG: pluginConfig(folder, 'new') };
    const [file, ...first] = program;
    const compose = async (...args: readonly string[]): Promise<string> => {
      const words = [...first, '-p', project, ...args];
      const { code, stdout, stderr } = await command(file, words, { env, cwd: folder, timeoutMs: 1_800_000 });
      assert.equal(code, 0, `${args.join(' ')}: ${(stdout + stderr).slice(-4000)}`);
      return stdout.trim();
    };
    const visit = async (): Promise<string> => {
      const port = (await compose('port', 'web', '8080')).split(':').at(-1);
      return await eventually(async () => (await fetch(`http://127.0.0.1:${port}/visit`)).text());
    };
    try {
      await compose('up', '-d', '--build', '--wait');
      assert.equal(await visit(), 'hello 1 1');
      assert.equal(await visit(), 'hello 2 2');
      const database = await compose('ps', '-q', 'db');
      writeFileSync(
        join(folder, 'compose.yaml'),
        (FILES['compose.yaml'] ?? '').replace('GREETING: hello', 'GREETING: bye'),
      );
      await compose('up', '-d', '--build', '--wait');
      if (name === 'gantry compose') {
        assert.equal(await visit(), 'bye 3 3');
        assert.equal(await compose('ps', '-q', 'db'), database, 'what has not changed runs on');
        // docker compose makes what was just built anew once more.
      } else assert.match(await visit(), /^bye 3 [13]$/);
      await compose('down');
      await compose('up', '-d', '--wait');
      assert.equal(await visit(), 'bye 4 1', 'the database has its data, the cache has not');
      assert.equal(await compose('exec', '-T', '-u', 'postgres', 'db', 'id', '-un'), 'postgres');
    } finally {
      await compose('down', '-v', '--rmi', 'all');
    }
    const filter = `label=com.docker.compose.project=${project}`;
    for (const list of [
      ['ps', '-aq'],
      ['volume', 'ls', '-q'],
      ['network', 'ls', '-q'],
    ])
      assert.equal(await engine().ok('gantry', [...list, '--filter', filter]), '');
  });
}
