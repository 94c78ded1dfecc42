// Samples: a reader's own values, links to a language or a sample, exact copies.
// Values stay in this browser. They are never taken from the address, where a stranger could
// have put them, and only reach the page as text.
(() => {
  const KEY = "samplegen.values";
  const PORT = /^([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/;
  const LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
  const RULES = {
    host: [
      new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*\\.?$|^\\[[0-9A-Fa-f:.]{2,45}\\]$`),
      "a host name or an IP address, with or without http:// and a port; "
        + "samplegen show takes any other name",
    ],
    grpc_port: [PORT, "a port: 1 to 65535"],
    rest_port: [PORT, "a port: 1 to 65535"],
    model: [
      /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/,
      "a letter, a digit or an underscore, then also dots and dashes; "
        + "samplegen show takes any other name",
    ],
    model_version: [/^[1-9]\d{0,17}$/, "a whole number from 1"],
    no_version: [/^yes$/, ""],
  };
  const MESSAGE_WORDS = 4;
  const NAMES = { grpc_port: "gRPC ", rest_port: "REST ", model_version: "version " };
  const ADDRESS = /^(?:(https?|grpcs?):\/\/)?(\[[^\]]*\]|[^\s:/[\]]+)(?::(\d+))?\/*$/i;
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
      const none = span.dataset.value === "model_version" && values.no_version;
      span.dataset.verified ??= span.textContent;
      const text = none ? "" : values[span.dataset.value] ?? span.dataset.verified;
      if (span.textContent !== text) span.textContent = text;
      span.classList.toggle("sg-own", text !== span.dataset.verified);
      if (span.dataset.value === "model_version") cutPath(span, none);
    }
    for (const code of all(".sg-code")) {
      const differs = code.querySelector(".sg-own") !== null;
      code.classList.toggle("sg-differing", differs);
      for (const note of all(".sg-differs", code.closest(".tabbed-block"))) note.hidden = !differs;
    }
    for (const form of all(".sg-values form")) {
      for (const input of all("input[name]", form)) {
        if (input === document.activeElement) continue;
        if (input.type === "checkbox") input.checked = Boolean(values[input.name]);
        else input.value = values[input.name] ?? "";
      }
      command(form, values);
    }
    const own = Object.entries(values).map(([name, value]) =>
      name === "no_version" ? "no version" : `${NAMES[name] ?? ""}${value}`);
    for (const summary of all(".sg-values-now")) {
      summary.textContent = own.length ? `: ${own.join(", ")}` : "";
    }
  }

  /** A path without a version has no `/versions/` before it either. */
  function cutPath(span, none) {
    const part = "/versions/";
    const before = span.previousSibling;
    if (!before) return;
    if (none && before.textContent.endsWith(part)) {
      before.textContent = before.textContent.slice(0, -part.length);
      span.dataset.cut = "";
    } else if (!none && span.dataset.cut !== undefined) {
      before.textContent += part;
      delete span.dataset.cut;
    }
  }

  /** The command that prints a program for what the form has no field for. */
  function command(form, values) {
    const place = form.parentElement.querySelector("[data-command]");
    if (!place) return;
    const given = (name) => values[name] ?? form.elements[name]?.placeholder;
    const set = document.querySelector(".sg-samples");
    const client = set && leaves(set).find(isPicked)?.dataset.client;
    const host = given("host");
    const address = `http://${host}:${given("rest_port")}`;
    place.textContent = [
      "samplegen model",
      host.startsWith("[") ? `'${address}'` : address,
      values.model ?? "MODEL",
      ...(client ? ["--client", client] : []),
      ...(values.grpc_port ? ["--grpc-port", values.grpc_port] : []),
    ].join(" ");
  }

  /** What was typed as an address, in its parts; a bare IPv6 address gets its brackets. */
  function parts(text) {
    if (/^[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(text)) return { host: `[${text}]` };
    const [, scheme, host, port] = ADDRESS.exec(text) ?? [];
    if (!host) return { host: text };
    return port ? { host, [scheme?.startsWith("grpc") ? "grpc_port" : "rest_port"]: port } : { host };
  }

  /** Takes what the form says; a value that breaks its rule changes nothing. */
  function take(form) {
    const values = {};
    const mistakes = [];
    let pasted = {};
    for (const input of all("input[name]", form)) {
      if (input.type === "checkbox") {
        if (input.checked) values[input.name] = "yes";
        continue;
      }
      let text = input.value.trim();
      if (input.name === "host" && text) ({ host: text, ...pasted } = parts(text));
      const wrong = [[input.name, text], ...(input.name === "host" ? Object.entries(pasted) : [])]
        .find(([name, value]) => value !== "" && !RULES[name][0].test(value));
      input.setAttribute("aria-invalid", Boolean(wrong));
      if (wrong) mistakes.push(`${input.dataset.label}: expected ${RULES[wrong[0]][1]}.`);
      else if (text) values[input.name] = text;
    }
    form.parentElement.querySelector("output").textContent = mistakes.join(" ");
    if (mistakes.length) return;
    if (values.no_version) delete values.model_version;
    store(Object.assign(values, pasted));
    show(values);
  }

  function connect(form) {
    form.addEventListener("input", () => take(form));
    form.addEventListener("change", (event) => {
      // An address that was typed or pasted goes to the fields of its parts.
      if (event.target.name !== "host") return;
      const wrong = form.querySelector("[aria-invalid=true]");
      for (const [name, value] of wrong ? [] : Object.entries(parts(event.target.value.trim()))) {
        if (value && form.elements[name]) form.elements[name].value = value;
      }
    });
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

  /** The tabs of a set that hold no further tabs, in their order. */
  function leaves(set) {
    return all(":scope > input", set).flatMap((input, index) => {
      const block = set.querySelector(":scope > .tabbed-content").children[index];
      const inner = block.querySelector(":scope > .tabbed-set");
      return inner ? leaves(inner) : [input];
    });
  }

  const isPicked = (input) => input.checked && (around(input)?.checked ?? true);

  /** Clicks a tab and those around it, so that the theme remembers them. */
  function open(input) {
    const outer = around(input);
    if (outer) open(outer);
    if (!input.checked || !outer) input.click();
  }

  const outerSets = () => all(".sg-samples, .sg-install");

  /** `?lang=go`, `?lang=curl/rest` or `?lang=c++`: picks the tab, and the theme remembers it. */
  function pick() {
    // In an address, "+" may stand for a blank.
    const asked = new URLSearchParams(location.search.replaceAll("+", "%2B")).get("lang");
    if (!asked) return;
    const wanted = asked.trim().toLowerCase();
    const named = (input) => input && [
      input.dataset.client, input.ariaLabel.toLowerCase(), ...input.dataset.lang.split(" "),
    ].includes(wanted);
    const fits = (input) => named(input) || named(around(input));
    let found = false;
    for (const set of outerSets()) {
      const fitting = leaves(set).filter(fits);
      found ||= fitting.length > 0;
      if (fitting.length && !fitting.some(isPicked)) open(fitting[0]);
    }
    const set = document.querySelector(".sg-samples");
    if (!found && set && /^[\w+#./-]{1,30}$/.test(wanted)) {
      const note = document.createElement("p");
      note.className = "sg-note";
      note.role = "status";
      note.textContent = `There are no programs for “${wanted}” here.`;
      set.before(note);
    }
  }

  /** A link to a sample opens every tab around it, and keeps the choice. */
  function reveal() {
    const input = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!input?.matches(".tabbed-set > input")) return;
    let outer = input;
    while (outer) {
      outer.checked = true;
      outer = around(outer);
    }
    setTimeout(() => {
      for (let each = input; each; each = around(each)) {
        each.dispatchEvent(new Event("change", { bubbles: true }));
      }
      let set = input.parentElement;
      while (set.parentElement.closest(".tabbed-set")) set = set.parentElement.closest(".tabbed-set");
      set.scrollIntoView();
      input.blur(); // A ring round the tabs would say that somebody is at the keyboard.
    });
  }

  /** Has the browser save a text. */
  function save(name, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // The theme copies without the last line break; what is copied here is the judged file.
  let copied = null;
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-clipboard-target]");
    copied = button?.closest(".sg-code")?.querySelector("code") ?? null;
    const link = event.target.closest?.(".sg-differing a[download]:first-child");
    if (link) {
      event.preventDefault();
      save(link.textContent, link.closest(".sg-code").querySelector("code").textContent);
    }
    const whole = event.target.closest?.("[data-whole]");
    if (whole) unfold(whole);
    const call = event.target.closest?.("[data-call]");
    if (call) copyCall(call);
    const twin = event.target.closest?.("[data-twin]");
    if (twin) copyTwin(twin);
  }, true);
  addEventListener("copy", (event) => {
    if (!copied) return;
    event.clipboardData.setData("text/plain", copied.textContent);
    event.preventDefault();
    copied = null;
  }, true);

  /** Shows or folds what is around the call, in every program of the page. */
  function unfold(button) {
    const expands = button.ariaExpanded === "false";
    for (const code of all(".sg-code")) {
      code.classList.toggle("sg-whole", expands);
      const toggle = code.querySelector("[data-whole]");
      if (!toggle) continue;
      toggle.dataset.folded ??= toggle.textContent;
      toggle.ariaExpanded = String(expands);
      toggle.textContent = expands ? "Show the call only" : toggle.dataset.folded;
    }
    button.scrollIntoView({ block: "nearest" });
  }

  /** The lines that call the server, without their common indentation. */
  function callOf(code) {
    const lines = all(".sg-call", code).map((part) => part.textContent).join("\n").split("\n")
      .map((line) => (line.trim() ? line : ""));
    const margins = lines.filter(Boolean).map((line) => /^[ \t]*/.exec(line)[0]);
    const shortest = margins.reduce((a, b) => (a.length < b.length ? a : b));
    return `${lines.map((line) => line.slice(shortest.length)).join("\n").replace(/^\n+|\n+$/g, "")}\n`;
  }

  async function copyCall(button) {
    await navigator.clipboard.writeText(callOf(button.closest(".sg-code")));
    button.textContent = "Copied";
  }

  async function copyTwin(button) {
    const answer = await fetch(button.dataset.twin);
    await navigator.clipboard.writeText(await answer.text());
    button.textContent = "Copied";
  }

  /** A heading of the third level and all below it. */
  function section(head) {
    const elements = [head];
    for (let next = head.nextElementSibling; next && !["H2", "H3"].includes(next.tagName);) {
      elements.push(next);
      next = next.nextElementSibling;
    }
    const text = elements.map((element) => element.textContent).join(" ").toLowerCase();
    return { elements, text };
  }

  /** Shows the errors that hold every word of the box; for a whole message, the nearest ones. */
  function filter(input) {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const sections = all("h3", input.closest("article")).map(section);
    const counts = sections.map(({ text }) => words.filter((word) => text.includes(word)).length);
    const most = Math.max(0, ...counts);
    // A message has addresses and times of its own, which no page can have.
    const near = words.length >= MESSAGE_WORDS && most >= words.length / 2;
    const least = near ? most : words.length;
    sections.forEach(({ elements }, index) => {
      for (const element of elements) element.hidden = counts[index] < least;
    });
  }

  addEventListener("storage", (event) => event.key === KEY && show(stored()));
  addEventListener("hashchange", reveal);
  function start() {
    // The theme gives its search dialog no name for screen readers, and searches on keys only.
    document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
    const search = document.querySelector(".md-search__input");
    search?.addEventListener("paste", () => {
      setTimeout(() => search.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true })));
    });
    all(".sg-values form").forEach(connect);
    for (const input of all(".sg-filter input")) {
      input.addEventListener("input", () => filter(input));
    }
    for (const button of all("[data-twin], [data-call]")) button.hidden = !navigator.clipboard;
    for (const input of all(".sg-samples input")) {
      input.addEventListener("change", () => show(stored()));
    }
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
