"""An unfinished search as a JSON file: how each entry of its bank is made, by names; nothing in it is executed as code."""

import json
import os
from pathlib import Path

from keraunos.programs.synthesis.bank import Entry, values_of
from keraunos.programs.synthesis.dsl import Primitive
from keraunos.programs.synthesis.search import Search

VERSION = 2


def bank_state(search: Search) -> list:
    """Each entry as [number of a leaf] or [name of a primitive, numbers of its arguments…], arguments first."""
    leaves = {id(leaf): i for i, (_, leaf) in enumerate(search.leaves)}
    entries = sorted((e for known in search.bank.known.values() for e in known.values()), key=lambda e: e.cost)
    number = {id(e): i for i, e in enumerate(entries)}
    return [
        [e.head.name, *(number[id(a)] for a in e.arguments)] if isinstance(e.head, Primitive) else [leaves[id(e)]]
        for e in entries
    ]


def restore_bank(search: Search, state: list) -> None:
    """Fill the bank of a fresh search of the same examples with what ``bank_state`` gave."""
    entries: list[Entry] = []
    for head, *arguments in state:
        if isinstance(head, int):
            kind, entry = search.leaves[head]
        else:
            p = search.dsl.find(head)
            parts = tuple(entries[a] for a in arguments)
            values = values_of(p.fn, [a.values for a in parts], any(a.partial for a in parts))
            cost = search.costs[p.name] + sum(a.cost for a in parts)
            kind, entry = p.result, Entry(values, cost, p, parts, None in values)
        entries.append(entry)
        search.take(kind, entry)


def write_state(path, examples, search: Search | None, working: list[int], budget: int) -> None:
    """Write what is needed to go on, whole or not at all."""
    content = {
        "version": VERSION,
        "examples": repr(examples),
        "working": working,
        "budget": budget,
        "level": search.level if search else 0,
        "nodes": search.nodes if search else 0,
        "seconds": search.seconds if search else 0.0,
        "pending": search.pending if search else False,
        "costs": search.costs if search else {},
        "scaled": search.scaled if search else False,
        "bank": bank_state(search) if search else [],
    }
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    os.replace(temporary, path)


def read_state(path, examples) -> dict | None:
    """What ``write_state`` wrote for these examples; None when there is no such file. ``ValueError`` for another's file."""
    path = Path(path)
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version, fits = content["version"], content["examples"] == repr(examples)
    except (ValueError, KeyError, TypeError) as e:
        raise ValueError(f"state: {str(path)!r} does not hold a search: {e!r}. Name another file.") from e
    if version != VERSION:
        raise ValueError(
            f"state: {str(path)!r} was written by another version of keraunos ({version}; this one reads {VERSION}). Delete it."
        )
    if not fits:
        raise ValueError(
            f"state: the search in {str(path)!r} is one of other examples. Name another file, or delete it."
        )
    return content
