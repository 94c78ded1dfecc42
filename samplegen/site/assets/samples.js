// Samples: a reader's own values, links to a language or a sample, exact copies.
// Values stay in this browser. They are never taken from the address, where a stranger could
// have put them, and only reach the page as text.
(() => {
  const KEY = "samplegen.values";
  const PORT = /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/;
  const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
  const RULES = {
    host: [
      new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$|^\\[[0-9A-Fa-f:.]{2,45}\\]$`),
      "a host name, an IPv4 address or an IPv6 address in brackets",
    ],
    grpc_port: [PORT, "a port: 1 to 65535"],
    rest_port: [PORT, "a port: 1 to 65535"],
    model: [/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "letters, digits, dots, dashes and underscores"],
    model_version: [/^[1-9]\d{0,17}$/, "a whole number"],
  };
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  /** The stored values that pass the rules; whatever else is stored is passed over. */
  function stored() {
    let values = {};
    try {
      values = JSON.parse(localStorage.getItem(KEY)) || {};
    } catch {
      // No storage, or not ours: the verified values stay.
    }
    return Object.fromEntries(
      Object.keys(RULES)
        .filter((name) => typeof values[name] === "string" && RULES[name][0].test(values[name]))
        .map((name) => [name, values[name]]),
    );
  }

  function store(values) {
    try {
      localStorage.setItem(KEY, JSON.stringify(values));
    } catch {
      // Without storage the values hold for this page only.
    }
  }

  /** Shows the values in every sample, and marks those that are not the verified ones. */
  function show(values) {
    for (const span of all(".sg-value")) {
      span.dataset.verified ??= span.textContent;
      const text = values[span.dataset.value] ?? span.dataset.verified;
      if (span.textContent !== text) span.textContent = text;
      span.classList.toggle("sg-own", text !== span.dataset.verified);
    }
    for (const code of all(".sg-code")) {
      const differs = code.querySelector(".sg-own") !== null;
      code.closest(".tabbed-block").querySelector(".sg-differs").hidden = !differs;
    }
    for (const form of all(".sg-values form")) {
      for (const input of all("input", form)) {
        if (input !== document.activeElement) input.value = values[input.name] ?? "";
      }
    }
    const own = Object.values(values).join(" · ");
    for (const summary of all(".sg-values-now")) summary.textContent = own && `: ${own}`;
  }

  /** Takes what the form says; a value that breaks its rule changes nothing. */
  function take(form) {
    const values = {};
    const mistakes = [];
    for (const input of all("input", form)) {
      const text = input.value.trim();
      const wrong = text !== "" && !RULES[input.name][0].test(text);
      input.setAttribute("aria-invalid", wrong);
      if (wrong) mistakes.push(`${input.dataset.label}: expected ${RULES[input.name][1]}.`);
      else if (text) values[input.name] = text;
    }
    const port = (name) => values[name] ?? form.elements[name].placeholder;
    if (port("grpc_port") === port("rest_port")) {
      form.elements.grpc_port.setAttribute("aria-invalid", true);
      mistakes.push("gRPC and REST cannot share a port.");
    }
    form.parentElement.querySelector("output").textContent = mistakes.join(" ");
    if (mistakes.length) return;
    store(values);
    show(values);
  }

  function connect(form) {
    form.addEventListener("input", () => take(form));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => {
      for (const input of all("input", form)) input.value = "";
      take(form);
    }));
  }

  /** The tab that a tab stands in, if it is one of the libraries of a language. */
  function around(input) {
    const block = input.parentElement.closest(".tabbed-block");
    const index = block && [...block.parentElement.children].indexOf(block);
    return block?.closest(".tabbed-set").children[index];
  }

  /** `?lang=go`, `?lang=curl/rest` or `?lang=java`: picks the tab, and the theme remembers it. */
  function pick() {
    const wanted = new URLSearchParams(location.search).get("lang")?.toLowerCase();
    if (!wanted) return;
    const fits = (input) => [
      input.dataset.client?.split("/")[0], input.dataset.client, input.ariaLabel?.toLowerCase(),
    ].includes(wanted);
    for (const set of all(".tabbed-set")) {
      const inputs = all(":scope > input", set).filter(fits);
      if (inputs.some((input) => input.checked && !around(input))) continue;
      for (let input = inputs[0]; input; input = around(input)) input.click();
    }
  }

  /** A link to a sample opens every tab around it. */
  function reveal() {
    let input = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    while (input?.matches(".tabbed-set > input")) {
      input.checked = true;
      input = around(input);
    }
  }

  // The theme copies without the last line break; what is copied here is the judged file.
  let copied = null;
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-clipboard-target]");
    copied = button?.closest(".sg-code")?.querySelector("code") ?? null;
  }, true);
  addEventListener("copy", (event) => {
    if (!copied) return;
    event.clipboardData.setData("text/plain", copied.textContent);
    event.preventDefault();
    copied = null;
  }, true);

  addEventListener("storage", (event) => event.key === KEY && show(stored()));
  addEventListener("hashchange", reveal);
  function start() {
    // The theme gives its search dialog no name for screen readers.
    document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
    all(".sg-values form").forEach(connect);
    show(stored());
    reveal();
    setTimeout(() => {
      // The theme has linked the tabs by now, and made a nameless landmark of each copy button.
      pick();
      for (const nav of all(".md-code__nav")) nav.role = "none";
      // A wide table scrolls; by keyboard only if it takes the focus.
      for (const box of all(".md-typeset__scrollwrap")) {
        if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      }
    });
  }

  // mkdocs-material says when a page is there, with instant navigation again and again.
  if (window.document$) document$.subscribe(start);
  else start();
})();
