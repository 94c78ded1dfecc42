"""The judge's proxy: it stands before any server, records what passes, and changes answers.

One thread and one event loop serve all sessions of a run. A session is one run of a program: the
listening sockets that the program connects to, the real server behind them, and a plan.

    with Proxy() as proxy:
        doors = [listening("127.0.0.1", 0, "rest")]          # or sockets of another namespace
        with proxy.session(connection, doors, Plan()) as session:
            ...                                              # run the program
        session.exchanges                                    # what was sent and answered

What a plan can hold:

- `Plan()`: every request and answer passes unchanged, piece by piece.
- `Plan(change=Change(seed=1, places=…))`: what the program must print is changed on its way. The
  exchange holds the answer as it was and as it was given, and `changes`, from each path in the
  decoded answer to its old and new value. What the program sends on of it is changed back.
- `Plan(layout=1)`: the same answer in another layout, by that seed.
- `Plan(fault=fault, call=1)`: the first call is answered rightly; the second meets the fault,
  whenever it is made. Once it has, other calls are answered rightly again. `faults` and
  `wrong_answers` have them; `fault.told` says whether the message of a
  program names what it met.
- `Plan(authority=…, client=…)`: the program connects by TLS, to a certificate of that authority,
  and shows its own.

Decoding is a step of its own, after the run: `Decoder(contract).request(exchange)` and
`.answer(exchange, exchange.given)` give documents: trees of dicts, lists and scalars, the same over
both transports.

Modules, each of which knows only those above it:

- `grpc_framing`: messages, deadlines and statuses in gRPC's bytes.
- `exchanges`: the record of one session, as data.
- `documents`: decoded answers as trees, and paths into them; `routes`: which call a request makes.
- `numbers`, `protobuf`, `kserve_tensors`, `decoding`: trees of bytes, and bytes of trees.
- `changing`, `layouts`: other values, and the same values in other bytes.
- `streams`: connections, as bytes; `messaging`, `http1`, `http2`: as requests and answers.
- `turns`: one request on its way; `upstream`: the real server; `carrying`: values that come back.
- `fault`, `wrong_answers`, `faults`, `refusals`, `stream_faults`: what can go wrong with a
  request; `edits`: what is changed.
- `certificates`: those that the proxy shows over TLS.
- `repeating`: the requests of an earlier run, made again.
- `sessions`, `proxy`: what listens, and the thread.
"""
