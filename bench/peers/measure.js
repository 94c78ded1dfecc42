// How fast a generator of snippets of npm is: `node measure.js snippetz|httpsnippet REQUESTS`.
//
// Prints samples, CPU seconds and characters, for a POST with headers and a JSON body in all
// languages and clients of the generator. Each request differs from all others.
import { snippetz } from "@scalar/snippetz";
import { availableTargets, HTTPSnippet } from "httpsnippet";

function request(number) {
  const data = Array.from({ length: 10 }, (_, index) => number + index);
  const inputs = [{ name: `b${number}`, shape: [1, 10], datatype: "FP32", data }];
  return {
    method: "POST",
    url: `http://localhost:8000/v2/models/model-${number}/versions/1/infer`,
    httpVersion: "HTTP/1.1",
    headers: [
      { name: "content-type", value: "application/json" },
      { name: "accept", value: "application/json" },
    ],
    queryString: [],
    cookies: [],
    headersSize: -1,
    bodySize: -1,
    postData: { mimeType: "application/json", text: JSON.stringify({ inputs }) },
  };
}

const generators = {
  snippetz() {
    const all = snippetz();
    const plugins = all.plugins();
    return (made) => plugins.map(({ target, client }) => all.print(target, client, made));
  },
  httpsnippet() {
    const clients = availableTargets().flatMap(({ key, clients }) =>
      clients.map((client) => [key, client.key]),
    );
    // Some clients change the request, so that each needs one of its own.
    return (made) =>
      clients.map(([target, client]) => new HTTPSnippet(made).convert(target, client));
  },
};

const generate = generators[process.argv[2]]();
const count = Number(process.argv[3]);
let samples = 0;
let characters = 0;

function run(first, last) {
  for (let number = first; number < last; number += 1) {
    for (const text of generate(request(number))) {
      if (!text) throw new Error(`a target has no sample of request ${number}`);
      samples += 1;
      characters += text.length;
    }
  }
}

run(0, Math.ceil(count / 10)); // compiles what runs often
samples = 0;
characters = 0;
const before = process.cpuUsage();
run(count, 2 * count);
const { user, system } = process.cpuUsage(before);
console.log(samples, (user + system) / 1e6, characters);
