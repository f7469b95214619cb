// Records anew what the docker command line prints with a dockerd: `npm run record`. DOCKER_HOST names a dockerd 28.5
// with busybox:latest, whose networks and volumes called rec-* are removed. Builds leave containers, and the image rec-classic. Review the changes of the record like code.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readCases } from '../test/records/builds/build-case.ts';
import { recordBuilds, writeRecord } from '../test/records/builds/build-record.ts';
import { CASES } from '../test/records/classic-builds.cases.ts';
import { readLines, record } from '../test/records/command-record.ts';
import { recordCompose } from '../test/records/compose/record-compose.ts';
import { recordComposeRequests } from '../test/records/compose-requests/record-compose-requests.ts';
import { recordLogDrivers } from '../test/records/log-drivers/record-log-drivers.ts';
import { recordBuilds as recordClassicBuilds } from '../test/records/record-builds.ts';

// `npm run record -- compose PROGRAM` makes only the records of Compose, with a docker-compose 2.40. It needs no dockerd. `compose-requests` in
// place of `compose` makes only that of the requests.
const [part, program] = process.argv.slice(2);
if (part === 'compose' && program !== undefined) {
  console.log(`${await recordCompose(program)} Compose projects`);
  console.log(`requests of ${await recordComposeRequests(program)} Compose projects`);
  process.exit(0);
}
if (part === 'compose-requests' && program !== undefined) {
  console.log(`requests of ${await recordComposeRequests(program)} Compose projects`);
  process.exit(0);
}
const host = process.env['DOCKER_HOST'];
if (host === undefined) {
  console.error('Set DOCKER_HOST to the socket of a dockerd 28.5 that has the image busybox:latest.');
  process.exit(1);
}
// `npm run record -- log-drivers` makes only the record of what is sent to receivers of logs. They listen on this host, as the dockerd must.
if (part === 'log-drivers') {
  console.log(`${await recordLogDrivers(host)} containers with log drivers`);
  process.exit(0);
}
const folder = join(import.meta.dirname, '../test/records');
const config = mkdtempSync(join(tmpdir(), 'gantry-record-'));
try {
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.lines.txt'))) {
    const lines = readLines(pathToFileURL(join(folder, name)));
    const env = { DOCKER_HOST: host, DOCKER_CONFIG: config, HOME: config };
    const path = join(folder, name.replace(/\.lines\.txt$/, '.dockerd.txt'));
    writeFileSync(path, await record(lines, env));
    console.log(`${path}: ${lines.length} command lines`);
  }
  const classic = join(folder, 'classic-builds.dockerd.txt');
  writeFileSync(classic, await recordClassicBuilds(CASES, host));
  console.log(`${classic}: ${CASES.length} builds`);
  if (!host.startsWith('unix://')) throw new Error('DOCKER_HOST must name a unix socket');
  const builds = readCases();
  const outcomes = await recordBuilds(builds, { socket: host.slice(7) });
  writeFileSync(join(folder, 'builds/builds.dockerd.txt'), writeRecord(outcomes));
  console.log(`${builds.length} builds`);
  console.log(`${await recordLogDrivers(host)} containers with log drivers`);
} finally {
  rmSync(config, { recursive: true });
}
