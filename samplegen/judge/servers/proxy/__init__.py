"""The judge's proxy: it stands before any server, records what passes, and changes answers.

One thread and one event loop serve all sessions of a run. A session is one run of a program: the
listening sockets that the program connects to, the real server behind them, and a plan.

    with Proxy() as proxy:
        doors = [listening("127.0.0.1", 0, "rest")]          # or sockets of another namespace
        with proxy.session(connection, doors, Plan()) as session:
            ...                                              # run the program
        session.exchanges                                    # what was sent and answered

What a plan can hold:

- `Plan()`: every request and answer passes unchanged, piece by piece (gate *wire*).
- `Plan(change=Change(seed=1, calls=…))`: what the program must print is changed on its way; the
  exchange holds the answer as it was and as it was given, and `changes`, from each path in the
  decoded answer to its old and new value (gate *meaning*).
- `Plan(layout=1)`: the same answer in another layout, by that seed (gate *meaning*).
- `Plan(fault=fault, call=1)`: the first call is answered rightly; the second, and all that follow,
  meet the fault (gate *faults*). `faults` has them, each with the words of which the program's
  message must hold one.

Decoding is a step of its own, after the run: `Decoder(contract).request(exchange)` and
`.answer(exchange.given)` give trees of dicts, lists and scalars, the same over both transports.

Modules, each of which knows only those above it:

- `exchanges`: the record of one session, as data.
- `grpc_framing`: messages, deadlines and statuses in gRPC's bytes.
- `documents`: decoded answers as trees, and paths into them; `protobuf`, `kserve_tensors` and
  `decoding` make them of bytes and back.
- `changing`, `layouts`: other values, and the same values in other bytes.
- `streams`: connections, as bytes; `http1`, `http2`: as requests and answers, of both sides.
- `turns`: one request on its way; `faults`: all that can go wrong with it.
- `certificates`: those that the proxy shows over TLS.
- `sessions`, `proxy`: what listens, and the thread.
"""
