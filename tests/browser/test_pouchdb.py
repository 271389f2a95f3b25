"""PouchDB as it is, in a real Chromium, against `python -m sync.embedded`: IndexedDB, another origin, signed in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.live import ROOT
from tests.served import served

pytestmark = pytest.mark.browser

DIST = ROOT / "tests/node_modules/pouchdb/dist"
KB = 1024
SIZES = [0, 1, 64 * KB - 1, 64 * KB, 64 * KB + 1, KB * KB, 50 * KB * KB]
ARRIVES_SECONDS = 240

TALK = """
async ({ url, id, size, seconds }) => {
  const digest = async (blob) => {
    const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
    return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  };
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, Math.min(size, at + 65536)));
  const sent = new Blob([bytes], { type: 'image/jpeg' });
  const [here, there] = [new PouchDB('here', { adapter: 'indexeddb' }), new PouchDB('there', { adapter: 'indexeddb' })];
  const syncs = [here, there].map((database) => database.sync(url, { live: true, retry: true }));
  const arrived = async (database, name) => {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise((go) => setTimeout(go, 50))) {
      const told = database.getAttachment(name, 'file');
      const found = await told.catch((error) => error.status === 404 || Promise.reject(error));
      if (found !== true) return found;
    }
    throw new Error(`${name} did not arrive`);
  };
  const outcome = [];
  for (const [from, to, name] of [[here, there, `${id}:out`], [there, here, `${id}:back`]]) {
    await from.put({ _id: name, _attachments: { file: { content_type: 'image/jpeg', data: sent } } });
    const found = await arrived(to, name);
    outcome.push(found.size === size && found.type === 'image/jpeg' && (await digest(found)) === (await digest(sent)));
  }
  for (const sync of syncs) sync.cancel();
  await Promise.allSettled(syncs);
  await Promise.all([here.destroy(), there.destroy()]);
  return outcome;
}
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Requests are not logged."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Serves PouchDB's own bundle, at an origin that is not the store's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(DIST)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("pouchdb")) as url:
        yield url


@pytest.fixture
def page(browser: Browser, origin: str) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{origin}/")
    for name in ("pouchdb.js", "pouchdb.indexeddb.js"):
        page.add_script_tag(url=f"{origin}/{name}")
    yield page
    context.close()


def test_the_bundle_is_pouchdb_s_own(page: Page) -> None:
    assert Path(DIST / "pouchdb.js").is_file()
    assert page.evaluate("PouchDB.version") == "9.0.0"
    assert page.evaluate("PouchDB.adapters.indexeddb !== undefined") is True


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", SIZES)
def test_an_attachment_travels_live_there_and_back(page: Page, store: str, size: int) -> None:
    asked = {"url": f"{store}/sizes-{size}", "id": "media", "size": size, "seconds": ARRIVES_SECONDS}
    page.set_default_timeout(0)
    assert page.evaluate(TALK, asked) == [True, True]
