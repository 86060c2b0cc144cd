"""From the wanted output backwards: a text is covered from left to right by pieces that the language can make.

The state of the cover is how far each wanted output is written. A piece is an entry of the bank, a literal that all outputs
share there, or a slice of an input whose two ends the bank has: its witness are the places where the input agrees with what is
still to be written. The cheapest covers come first (Dijkstra's algorithm).
"""

import heapq
import itertools
from collections import defaultdict

import numpy as np

from keraunos.programs.synthesis.bank import Bank, Entry
from keraunos.programs.synthesis.dsl import DSL, Constant, Primitive
from keraunos.programs.synthesis.expression import Literal

WIDTH = 3  # pieces kept between two states
MAX_SLICES = 400  # slices looked at from one state
MAX_PLACES = 3000
SLICED = 2  # cost of the dearest texts of which slices are tried


def common_run(text: str, wanted: str) -> np.ndarray:
    """Length of the common run of text[i:] and wanted[j:], (len(text) + 1, len(wanted) + 1)."""
    a = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    b = np.frombuffer(wanted.encode("utf-32-le"), np.uint32)
    run = np.zeros((len(a) + 1, len(b) + 1), np.int32)
    for i in range(len(a) - 1, -1, -1):
        run[i, :-1] = np.where(a[i] == b, run[i + 1, 1:] + 1, 0)
    return run


class Slicer:
    """All slices of one text: its places in the bank as a matrix, and where the outputs agree with it."""

    def __init__(self, primitive: Primitive, text: Entry, places: list[Entry], lengths: list[Entry], wanted):
        self.primitive, self.text, self.places, self.lengths = primitive, text, places, lengths
        n = len(wanted)
        self.at = np.array([p.values[:n] for p in places], np.int64).reshape(-1, n)  # (places, rows)
        self.long = np.array([p.values[:n] for p in lengths], np.int64).reshape(-1, n)  # (lengths, rows)
        self.cost = np.array([p.cost for p in places])
        self.length_cost = np.array([p.cost for p in lengths])
        sizes = np.array([len(text.values[i]) for i in range(n)])
        self.inside = ((self.at >= 0) & (self.at <= sizes)).all(axis=1)
        self.runs = [common_run(text.values[i], wanted[i]) for i in range(n)]
        self.clipped = np.clip(self.at, 0, sizes)

    def pieces(self, state, members):
        """(cost, next state, entry maker) of the slices that go on from a state, cheapest first."""
        columns = list(members)
        run = np.stack(
            [self.runs[m][self.clipped[:, m], p] for m, p in zip(columns, state)], axis=1
        )  # (places, members)
        starts = np.flatnonzero(self.inside & (run > 0).all(axis=1))
        if not len(starts):
            return
        run, begin = run[starts], self.at[np.ix_(starts, columns)]  # (starts, members)
        base = self.primitive.cost + self.text.cost
        if self.primitive.role == "slice":
            length = self.at[None][:, :, columns] - begin[:, None]  # (starts, places, members)
            dear = self.cost[starts][:, None] + self.cost[None]
        else:
            length = np.broadcast_to(self.long[None][:, :, columns], (len(starts), *self.long[:, columns].shape))
            dear = self.cost[starts][:, None] + self.length_cost[None]
        s, e = np.nonzero(((length > 0) & (length <= run[:, None])).all(axis=2))
        order = np.argsort(dear[s, e], kind="stable")[:MAX_SLICES]
        ends = self.places if self.primitive.role == "slice" else self.lengths
        for k in order:
            first, last = s[k], e[k]
            after = tuple(int(p + d) for p, d in zip(state, length[first, last]))
            yield base + int(dear[first, last]), after, (self, self.places[starts[first]], ends[last])

    def entry(self, start: Entry, stop: Entry) -> Entry:
        """The slice as an entry."""
        columns = (self.text.values, start.values, stop.values)
        values = tuple(None if None in row else self.primitive.fn(*row) for row in zip(*columns))
        cost = self.primitive.cost + self.text.cost + start.cost + stop.cost
        return Entry(values, cost, self.primitive, (self.text, start, stop), None in values)


class Cover:
    """The cheapest joins of pieces that make the wanted texts."""

    def __init__(self, bank: Bank, dsl: DSL, join: Primitive, wanted: list[str], rows: int, literal=None, stop=None):
        self.join, self.wanted, self.rows, self.literal = join, wanted, rows, literal
        self.kind, self.stop = join.result, stop or (lambda: False)
        self.atoms = self._atoms(bank)
        self.index: dict[int, dict[str, list[Entry]]] = {}
        self.slicers = [s for p in dsl.primitives for s in self._slicers(bank, p)]

    def _atoms(self, bank):
        """The texts of the bank that stand somewhere in the wanted ones; a few for each values on the wanted rows."""
        n, found = len(self.wanted), defaultdict(list)
        for entry in bank.entries(self.kind):
            values = entry.values[:n]
            same = found[values]
            if len(same) < WIDTH and any(v is not None and v in w for v, w in zip(values, self.wanted)):
                same.append(entry)
        return [e for same in found.values() for e in same]

    def _slicers(self, bank, primitive):
        if primitive.role not in ("slice", "substring") or primitive.result != self.kind:
            return
        n = len(self.wanted)
        text_type, start_type, stop_type = primitive.arguments
        texts = [e for e in bank.entries(text_type) if not e.partial and e.cost <= SLICED and any(e.values[:n])]
        places = [e for e in bank.entries(start_type) if None not in e.values[:n]][:MAX_PLACES]
        for text in texts[:6]:
            own = [p for p in places if not p.arguments or primitive.role == "substring" or p.arguments[0] is text]
            lengths = own if primitive.role == "substring" else []
            if own:
                yield Slicer(primitive, text, own, lengths, self.wanted)

    def _by_value(self, member):
        """Atoms by their value on a row."""
        if member not in self.index:
            index = self.index[member] = defaultdict(list)
            for entry in self.atoms:
                index[entry.values[member]].append(entry)
        return self.index[member]

    def _edges(self, state, members, literal_before):
        """(cost, next state, piece) from a state; a few for each next state."""
        kept = defaultdict(list)
        for cost, after, piece in itertools.chain(
            self._atom_pieces(state, members), self._slice_pieces(state, members)
        ):
            kept[after].append((cost, after, piece))
        for pieces in kept.values():
            pieces.sort(key=lambda p: p[0])
            yield from pieces[:WIDTH]
        if self.literal is not None and not literal_before:
            yield from self._literal_pieces(state, members)

    def _atom_pieces(self, state, members):
        index, first = self._by_value(members[0]), self.wanted[members[0]]
        ends = range(state[0], len(first) + 1)
        rest = list(zip(members[1:], state[1:]))
        for end in ends:
            for entry in index.get(first[state[0] : end], ()):
                after = [end]
                for m, p in rest:
                    value = entry.values[m]
                    if value is None or not self.wanted[m].startswith(value, p):
                        break
                    after.append(p + len(value))
                else:
                    if (after := tuple(after)) != state:
                        yield entry.cost, after, entry

    def _slice_pieces(self, state, members):
        for slicer in self.slicers:
            yield from slicer.pieces(state, members)

    def _literal_pieces(self, state, members):
        rests = [self.wanted[m][p:] for m, p in zip(members, state)]
        shortest = min(rests, key=len)
        for length in range(1, len(shortest) + 1):
            text = shortest[:length]
            if not all(r.startswith(text) for r in rests):
                break
            cost = self.literal(text)
            entry = Entry((text,) * self.rows, cost, Literal(Constant(text, self.kind, cost)))
            yield cost, tuple(p + length for p in state), entry

    def solve(self, members, best: int = 1, max_cost: int = 10**6, pops: int = 4000):
        """The cheapest ``best`` covers of the given wanted rows, as entries, cheapest first."""
        members = list(members)
        start, goal = (0,) * len(members), tuple(len(self.wanted[m]) for m in members)
        heap: list[tuple] = [(0, 0, start, None, False)]
        counter, edges = itertools.count(1), {}
        visits, found = defaultdict(int), []
        while heap and pops and len(found) < best:
            cost, _, state, path, literal = heapq.heappop(heap)
            if visits[state, literal] >= best:
                continue
            visits[state, literal] += 1
            pops -= 1
            if pops % 128 == 0 and self.stop():
                break
            if state == goal:
                found.append(self._joined(path))
                continue
            if (state, literal) not in edges:
                edges[state, literal] = list(self._edges(state, members, literal))
            for step, after, piece in edges[state, literal]:
                total = cost + step + (self.join.cost if path else 0)
                if total <= max_cost:
                    is_literal = isinstance(piece, Entry) and isinstance(piece.head, Literal)
                    heapq.heappush(heap, (total, next(counter), after, (path, piece), is_literal))
        return found

    def _joined(self, path) -> Entry:
        """The join of the pieces of a path."""
        pieces = []
        while path:
            path, piece = path
            pieces.append(piece if isinstance(piece, Entry) else piece[0].entry(*piece[1:]))
        entry = pieces.pop() if pieces else Entry(("",) * self.rows, 1, Literal(Constant("", self.kind)))
        while pieces:
            piece = pieces.pop()
            values = tuple(None if None in pair else self.join.fn(*pair) for pair in zip(entry.values, piece.values))
            entry = Entry(values, entry.cost + piece.cost + self.join.cost, self.join, (entry, piece), None in values)
        return entry
