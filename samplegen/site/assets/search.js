// Search that costs nothing until somebody searches: this worker stands in the place of the
// theme's, which lazysearch.py has put beside it, as it did with the texts of the pages.
const SETUP = 0, READY = 1, QUERY = 2, RESULT = 3;
// Names that the theme's search would cut at their last characters.
const NAMES = [[/\bc\+\+/gi, "cpp"], [/\bc#/gi, "csharp"], [/\bx?sh\b/gi, "shell"]];
let setup, loaded;

/** Starts the theme's worker in this one, with the texts of all pages. */
async function load() {
  const texts = await fetch(new URL("../../../search/texts.json", location));
  const data = { ...setup, docs: await texts.json() };
  const answer = self.postMessage;
  removeEventListener("message", listen);
  importScripts(new URL("theme.js", location));
  await new Promise((resolve) => {
    self.postMessage = resolve; // That search is ready the page was told long ago.
    dispatchEvent(new MessageEvent("message", { data: { type: SETUP, data } }));
  });
  self.postMessage = answer;
}

async function listen({ data: message }) {
  if (message.type === SETUP) {
    setup = message.data;
    postMessage({ type: READY });
  } else if (message.type === QUERY && message.data === "") {
    postMessage({ type: RESULT, data: { items: [] } });
  } else {
    loaded ??= load().catch((error) => {
      loaded = undefined; // The next query tries again.
      throw error;
    });
    await loaded;
    let text = message.data;
    if (message.type === QUERY) for (const [name, word] of NAMES) text = text.replace(name, word);
    dispatchEvent(new MessageEvent("message", { data: { ...message, data: text } }));
  }
}

addEventListener("message", listen);
