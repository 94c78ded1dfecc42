"""Names of a spec as the variables of languages that write words together."""


def camel_words(name: str) -> str:
    """`my_lease` as `myLease`; a name of capitals, such as `TTL`, as `ttl`."""
    first, *others = [part for part in name.split("_") if part] or ["value"]
    first = first.lower() if first.isupper() else first[0].lower() + first[1:]
    return first + "".join(part[0].upper() + part[1:] for part in others)
