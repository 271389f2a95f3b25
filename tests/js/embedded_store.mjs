// `python -m sync.embedded` as a child process, for tests that need a server.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VENV = join(ROOT, '.venv/bin/python');
const READY_MILLISECONDS = 30_000;

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** One store with data of its own; stopped and started as often as a test wants, always at the same address. */
export class EmbeddedStore {
  #data = mkdtempSync(join(tmpdir(), 'embedded-'));
  #child = null;
  #port = 0;

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start() {
    this.#port ||= await freePort();
    const words = ['-m', 'sync.embedded', '--port', String(this.#port), '--data', this.#data];
    this.#child = spawn(existsSync(VENV) ? VENV : 'python3', words, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
    for (const end = Date.now() + READY_MILLISECONDS; Date.now() < end && this.#child.exitCode === null; await sleep(30)) {
      if (await fetch(`${this.url}/_up`).then((answer) => answer.ok, () => false)) return this;
    }
    throw new Error(`the embedded store did not start (exit code ${this.#child.exitCode})`);
  }

  /** Like a power cut: nothing is said to anybody. */
  async kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async end() {
    await this.kill();
    rmSync(this.#data, { recursive: true });
  }
}
