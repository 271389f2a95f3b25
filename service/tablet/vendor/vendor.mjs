/**
 * Makes the third-party files of this folder anew from tests/node_modules: `node service/tablet/vendor/vendor.mjs`.
 *
 * Each library becomes one ES module without dependencies, so that the tablet needs no build step and no import map.
 * checksums.txt is what tests/service/tablet/test_vendor.py holds the files to.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const tests = join(here, '../../../tests');
const modules = join(tests, 'node_modules');
const { buildSync } = createRequire(join(tests, 'package.json'))('esbuild');

const LIBRARIES = [
  {
    name: 'lit',
    package: 'lit',
    entry: [
      "export * from 'lit';",
      "export { repeat } from 'lit/directives/repeat.js';",
      "export { live } from 'lit/directives/live.js';",
      "export { keyed } from 'lit/directives/keyed.js';",
      "export { classMap } from 'lit/directives/class-map.js';",
      "export { ref } from 'lit/directives/ref.js';",
      "export { guard } from 'lit/directives/guard.js';",
    ].join('\n'),
  },
  // The project's own browser bundle: pouchdb-browser with spark-md5, uuid, vuvuzela and Node's events in it.
  { name: 'pouchdb', package: 'pouchdb', entry: "export { default } from 'pouchdb/dist/pouchdb.js';" },
];

/** @param {string} path */
const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

const sums = LIBRARIES.map(({ name, package: from, entry }) => {
  const { version } = JSON.parse(readFileSync(join(modules, from, 'package.json'), 'utf8'));
  buildSync({
    stdin: { contents: entry, resolveDir: tests },
    outfile: join(here, `${name}.js`),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    banner: { js: `/* ${from} ${version}, see ${name}.LICENSE */` },
    define: { global: 'globalThis' },
  });
  copyFileSync(join(modules, from, 'LICENSE'), join(here, `${name}.LICENSE`));
  return [`${name}.js`, `${name}.LICENSE`].map((file) => `${sha256(join(here, file))}  ${file}\n`);
});
writeFileSync(join(here, 'checksums.txt'), sums.flat().join(''));
