"""Places for boxes in layers, with arrows that pass between boxes and not through them."""

_GAP, _RANK_GAP = 18.0, 30.0  # points


def ranks_of(keys, arrows):
    """key -> longest way from a box without arrows into it; ``keys`` stand in an order in which arrows go forward."""
    into = {k: [] for k in keys}
    for a, b in arrows:
        into[b].append(a)
    rank = {}
    for k in keys:
        rank[k] = max((rank[a] + 1 for a in into[k] if a in rank), default=0)
    return rank


def place(sizes, arrows):
    """Lay boxes out from the top down.

    Args:
        sizes: key -> (width, height), in an order in which arrows go forward.
        arrows: pairs of keys.

    Returns:
        (key -> centre (x, y), pair -> points that the arrow passes, its ends left out, (width, height) of all).
    """
    rank = ranks_of(list(sizes), arrows)
    rows, links, ways = _with_bends(rank, arrows)
    widths = {k: sizes[k][0] if k in sizes else 8.0 for row in rows for k in row}
    _untangle(rows, links)
    x = _columns(rows, links, widths)
    heights = [max(sizes[k][1] for k in row if k in sizes) for row in rows]
    tops = [sum(heights[:i]) + i * _RANK_GAP for i in range(len(rows))]
    y = {k: tops[i] + heights[i] / 2 for i, row in enumerate(rows) for k in row}
    left = min(x[k] - widths[k] / 2 for k in x)
    right = max(x[k] + widths[k] / 2 for k in x)
    centres = {k: (x[k] - left, y[k]) for k in sizes}
    bends = {pair: _points(way, x, left, tops, heights, rank[pair[0]]) for pair, way in ways.items()}
    return centres, bends, (right - left, tops[-1] + heights[-1])


def _points(way, x, left, tops, heights, start):
    """A long arrow goes straight down past each row that it passes."""
    points = []
    for i, key in enumerate(way, start + 1):
        points += [(x[key] - left, tops[i]), (x[key] - left, tops[i] + heights[i])]
    return points


def _with_bends(rank, arrows):
    """Rows of keys, where an arrow over several rows has a place of its own in each that it passes."""
    rows = [[] for _ in range(max(rank.values()) + 1)]
    for k, r in rank.items():
        rows[r].append(k)
    links, ways = [], {}
    for a, b in arrows:
        way = [(a, b, r) for r in range(rank[a] + 1, rank[b])]
        for bend in way:
            rows[bend[2]].append(bend)
        chain = [a, *way, b]
        links += zip(chain, chain[1:])
        ways[a, b] = way
    return rows, links, ways


def _neighbours(links):
    up, down = {}, {}
    for a, b in links:
        down.setdefault(a, []).append(b)
        up.setdefault(b, []).append(a)
    return up, down


def _untangle(rows, links):
    """Sort each row by the mean place of its neighbours above, then below, a few times: fewer crossings."""
    up, down = _neighbours(links)
    for turn in range(8):
        near = down if turn % 2 else up
        for i in range(len(rows) - 2, -1, -1) if turn % 2 else range(1, len(rows)):
            other = rows[i + 1] if turn % 2 else rows[i - 1]
            at = {k: p / max(1, len(other) - 1) for p, k in enumerate(other)}
            own = {k: p / max(1, len(rows[i]) - 1) for p, k in enumerate(rows[i])}
            rows[i].sort(key=lambda k: _mean([at[n] for n in near.get(k, ())], own[k]))


def _mean(values, otherwise):
    return sum(values) / len(values) if values else otherwise


def _columns(rows, links, widths):
    """key -> x of its centre: near the mean of its neighbours, without overlaps."""
    up, down = _neighbours(links)
    x = {}
    for row in rows:
        place_, total = 0.0, sum(widths[k] + _GAP for k in row) - _GAP
        for k in row:
            x[k] = place_ - total / 2 + widths[k] / 2
            place_ += widths[k] + _GAP
    for turn in range(12):
        for row in rows if turn % 2 == 0 else reversed(rows):
            wanted = [_mean([x[n] for n in (*up.get(k, ()), *down.get(k, ()))], x[k]) for k in row]
            x.update(zip(row, _spread(row, wanted, widths)))
    return x


def _spread(row, wanted, widths):
    """Places as wanted, pushed apart where boxes would overlap: the mean of pushing to the right and to the left."""
    steps = [(widths[a] + widths[b]) / 2 + _GAP for a, b in zip(row, row[1:])]
    right = list(wanted)
    for i, step in enumerate(steps):
        right[i + 1] = max(right[i + 1], right[i] + step)
    left = list(wanted)
    for i in range(len(steps) - 1, -1, -1):
        left[i] = min(left[i], left[i + 1] - steps[i])
    return [(a + b) / 2 for a, b in zip(left, right)]
