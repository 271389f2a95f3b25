// pouchdb-server's engine (express-pouchdb) on PouchDB in memory: a CouchDB that nobody here wrote.
// Its own command line would bring a SQLite that is compiled while it is installed. Usage: node pouchdb_server.mjs PORT
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import express from 'express';
import expressPouchDB from 'express-pouchdb';
import PouchDB from 'pouchdb';
import memory from 'pouchdb-adapter-memory';

const folder = mkdtempSync(join(tmpdir(), 'pouchdb-server-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGTERM', () => process.exit(0));

const Kept = PouchDB.plugin(memory).defaults({ adapter: 'memory', prefix: `${folder}/` });
const options = {
  mode: 'minimumForPouchDB',
  overrideMode: { include: ['config-infrastructure', 'routes/db-updates', 'routes/find', 'routes/security', 'routes/uuids'] },
  inMemoryConfig: true,
};
express().use(expressPouchDB(Kept, options)).listen(Number(process.argv[2]), '127.0.0.1');
