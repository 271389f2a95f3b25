// What tests/bench/filling.py runs within the tablet's page: `watch` before anything is measured.
window.watch = {
  /** Milliseconds from the tap on a draft until its first screen is painted, and until every question is there. */
  opening(questions) {
    return new Promise((done) => {
      const begin = performance.now();
      let painted = 0;
      const look = () => {
        const found = document.querySelectorAll('main.form [data-path]').length;
        if (found && !painted) afterPaint(() => { painted = performance.now() - begin; look(); });
        if (!painted || found < questions) return;
        observer.disconnect();
        done({ painted, whole: performance.now() - begin });
      };
      const observer = new MutationObserver(look);
      observer.observe(document.body, { childList: true, subtree: true });
      document.querySelector('a.row[href^="#/fill/"]').click();
    });
  },

  /** From now on, for every keystroke: the time that handling it took, that drawing took, and the frame with its layout. */
  keystrokes() {
    const found = [];
    let begun = 0;
    addEventListener('input', () => {
      begun = performance.now();
      const drawing = { at: 0 };
      requestAnimationFrame(() => (drawing.at = performance.now())); // before the app asks for its own
      watch.drawing = drawing;
    }, true);
    addEventListener('input', () => {
      const handled = performance.now() - begun;
      const { drawing } = watch;
      requestAnimationFrame(() => {
        const drawn = performance.now() - drawing.at;
        afterPaint(() => found.push({ handled, drawn, frame: performance.now() - drawing.at }));
      });
    });
    watch.found = found;
  },
};
