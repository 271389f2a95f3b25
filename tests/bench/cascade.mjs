// What tests/bench/cascade.py runs within the tablet's page, behind paint.mjs: `watch` before anything is measured.
window.watch = {
  /** From the next event of this type until something that it brings about stands on the screen, in milliseconds. */
  next(type, selector) {
    watch.found = new Promise((done, fail) => {
      setTimeout(() => fail(new Error(`${selector} did not come after ${type}`)), 30_000);
      const seen = () => {
        const begun = performance.now();
        const look = () => afterPaint(() => (document.querySelector(selector) ? done(performance.now() - begun) : look()));
        look();
      };
      addEventListener(type, seen, { capture: true, once: true });
    });
  },
};
