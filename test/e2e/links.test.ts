import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIS, eventually, unique, useEngine } from '../support/fixture.ts';

const engine = useEngine();

/** What dockerd 28.5 prints for the same commands; names are given, addresses compared. */
for (const cli of CLIS) {
  const ok = (...args: string[]): Promise<string> => engine().ok(cli, args);
  const run = (name: string, ...options: string[]): Promise<string> =>
    ok('run', '-d', '--name', name, ...options, 'busybox', 'sleep', '1000');
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await engine()[cli](args);
    assert.notEqual(code, 0, args.join(' '));
    return stderr;
  };
  const addressOf = (name: string): Promise<string> => ok('inspect', '-f', '{{.NetworkSettings.IPAddress}}', name);

  test(`${cli} ps shows the names of links, which other commands take for their target`, async () => {
    const [db, web] = [unique('adb'), unique('web')];
    await run(db);
    await run(web, '--link', `${db}:data`, '--link', db);
    const names = await ok('ps', '-a', '--no-trunc', '--filter', `name=^/${db}$`, '--format', '{{.Names}}');
    assert.equal(names, `${db},${web}/${db},${web}/data`);
    assert.equal(await ok('ps', '-a', '--filter', `name=^/${db}$`, '--format', '{{.Names}}'), db);
    assert.equal(await ok('inspect', '-f', '{{.Name}}', `${web}/data`), `/${db}`);
    assert.equal(await ok('exec', `${web}/data`, 'hostname'), await ok('exec', db, 'hostname'));
    await ok('rename', db, `${db}-2`);
    const links = await ok('inspect', '-f', '{{json .HostConfig.Links}}', web);
    assert.deepEqual(JSON.parse(links), [`/${db}-2:/${web}/data`, `/${db}-2:/${web}/${db}`]);
    await ok('rm', '-f', web, `${db}-2`);
  });

  test(`${cli} rm --link removes a name, and no container`, async () => {
    const [db, web] = [unique('adb'), unique('web')];
    await run(db);
    await run(web, '--link', `${db}:data`, '--link', `${db}:other`);
    await ok('rm', '--link', `${web}/data`);
    const hosts = await ok('exec', web, 'cat', '/etc/hosts');
    assert.doesNotMatch(hosts, /\tdata /);
    assert.match(hosts, /\tother /);
    assert.equal(await ok('inspect', '-f', '{{.HostConfig.Links}}', web), `[/${db}:/${web}/other]`);
    assert.equal(await ok('inspect', '-f', '{{.State.Status}}', db), 'running');
    assert.match(await refused('rm', '--link', `${web}/data`), new RegExp(`No such container: ${web}/data`));
    assert.match(await refused('rm', '--link', db), /Conflict, cannot remove the default link name of the container/);
    await ok('restart', '-t', '0', web);
    assert.doesNotMatch(await ok('exec', web, 'cat', '/etc/hosts'), /\tdata /);
    await ok('rm', '-f', web, db);
  });

  test(`${cli}: a target that starts with another address is reached by the name of its link`, async () => {
    const [db, web, squatter] = [unique('adb'), unique('web'), unique('squatter')];
    await run(db);
    await run(web, '--link', `${db}:data`);
    await ok('exec', web, 'sh', '-c', 'echo 9.9.9.9 mine >>/etc/hosts');
    const before = await addressOf(db);
    await ok('stop', '-t', '0', db);
    await run(squatter);
    await ok('start', db);
    const now = await addressOf(db);
    assert.notEqual(now, before, 'its address is somebody else’s');
    const hosts = await ok('exec', web, 'cat', '/etc/hosts');
    assert.match(hosts, new RegExp(`^${now}\tdata `, 'm'));
    assert.doesNotMatch(hosts, new RegExp(`^${before}\t`, 'm'));
    assert.match(hosts, /^9\.9\.9\.9 mine$/m, 'what the container wrote stays');
    await eventually(() => ok('exec', web, 'ping', '-c', '1', 'data'));
    await ok('rm', '-f', web, db, squatter);
  });

  test(`${cli} run --link refuses what has no address of its own, in dockerd's words`, async () => {
    const [host, joined, none, web] = [unique('host'), unique('joined'), unique('none'), unique('web')];
    await run(host, '--network', 'host');
    await run(joined, '--network', `container:${host}`);
    await run(none, '--network', 'none');
    const link = (target: string): Promise<string> =>
      refused('run', '-d', '--name', web, '--link', `${target}:x`, 'busybox', 'true');
    const conflict = /conflicting options: host type networking can't be used with links/;
    assert.match(await link(host), conflict);
    assert.match(await link(joined), conflict);
    assert.match(await link(none), /container [0-9a-f]{64} not attached to default bridge network/);
    await ok('rm', '-f', host, joined, none, web);
  });
}
