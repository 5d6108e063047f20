"""§2 and §3 by the book: two arms by strata, and costs of paired requests, one request at a time."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from tests.evidence.reference import WEIGHTS, Capital, odds, with_80_digits

Counts = tuple[int, int, int, int]
TO_BASELINE = ["1.15", "1.3", "1.6", "2", "3", "5", "10", "30"]
DIVISORS = ["1.1", "1.2", "1.35", "1.6", "2", "3"]
COST_FRACTIONS = ["0.015", "0.04", "0.1", "0.2", "0.4", "0.7", "0.95"]


class Request(NamedTuple):
    """One request of one arm."""

    cost: float
    success: int


Look = tuple[list[Request], list[Request]]


@with_80_digits
def arms(margin: float, planned: float | None, looks: Iterable[dict[str, Counts]]) -> list[float]:
    """§2: to fail with planned requests, to advance without."""
    rho = 1 + Decimal(margin)
    if planned is None:
        capital, ratios = Capital(["1"] * len(DIVISORS), None), [1 / Decimal(one) for one in DIVISORS]
    else:
        capital, ratios = Capital(WEIGHTS, planned), [Decimal(one) for one in TO_BASELINE]
    waiting: dict[str, Counts] = {}
    memory: dict[str, tuple[Decimal, Decimal]] = {}
    found = []
    for look in looks:
        n = sum(counts[0] + counts[2] for counts in look.values())
        capital.inject(n)
        for name in sorted(set(look) | set(waiting)):
            new, old = look.get(name, (0, 0, 0, 0)), waiting.pop(name, (0, 0, 0, 0))
            together = (new[0] + old[0], new[1] + old[1], new[2] + old[2], new[3] + old[3])
            known = memory.get(name, (Decimal(0), Decimal(0)))
            if together[0] and together[2]:
                b = min((known[0] + Decimal("0.5")) / (known[1] + 10), Decimal("0.95") / rho)
                capital.multiply(_arms_factor(together, b, odds(ratio, rho * b), rho) for ratio in ratios)
                memory[name] = _learnt(known, together)
            else:
                memory[name] = _learnt(known, old)
                if new[0] or new[2]:
                    waiting[name] = new
        found.append(capital.total())
    return found


def _learnt(known: tuple[Decimal, Decimal], counts: Counts) -> tuple[Decimal, Decimal]:
    fade = (-Decimal(counts[2]) / 20_000).exp()
    return known[0] * fade + counts[3], known[1] * fade + counts[2]


def _arms_factor(counts: Counts, b: Decimal, c: Decimal, rho: Decimal) -> Decimal:
    nc, kc, nb, kb = counts
    pi = Decimal(nc) / (nc + nb)
    big_b = pi * (c + rho) + (1 - pi) * (b * rho + 1)
    big_c = pi * c + (1 - pi) * b
    t = 2 * big_c / (big_b + (big_b**2 - 4 * rho * big_c).sqrt())
    candidate = (c / (rho * t)) ** kc * ((1 - c) / (1 - rho * t)) ** (nc - kc)
    return candidate * (b / t) ** kb * ((1 - b) / (1 - t)) ** (nb - kb)


def _paired_off(looks: Iterable[Look]) -> Iterable[tuple[int, list[Look]]]:
    """For each look the number of its candidates, and the blocks: what is left over gets one more look, in front."""
    left: Look = ([], [])
    for candidates, baselines in looks:
        queues = left[0] + candidates, left[1] + baselines
        many = [len(queue) for queue in queues]
        blocks: list[Look] = []
        if min(many):
            sizes = [max(many[at] // many[1 - at], 1) for at in (0, 1)]
            while len(blocks) < min(many):
                blocks.append((queues[0][: sizes[0]], queues[1][: sizes[1]]))
                queues = queues[0][sizes[0] :], queues[1][sizes[1] :]
        # Only what came with this look may wait for the next: the tail of the queue, no longer than what came.
        left = _tail(queues[0], len(candidates)), _tail(queues[1], len(baselines))
        yield len(candidates), blocks


def _tail(queue: list[Request], most: int) -> list[Request]:
    return queue[max(len(queue) - most, 0) :]


def _mean(values: Iterable[Decimal]) -> Decimal:
    found = list(values)
    return sum(found) / Decimal(len(found))


def stake(block: Look, cap: Decimal, margin: Decimal, tail: Decimal) -> Decimal:
    """U of §3."""
    candidates, baselines = block
    c = _mean(min(Decimal(one.cost), (1 + margin) * cap) for one in candidates)
    s = _mean(Decimal(one.success) for one in candidates)
    c_blk = _mean(min(Decimal(one.cost), cap) for one in baselines)
    s_blk = _mean(Decimal(one.success) for one in baselines)
    return c * s_blk - (1 + margin) / (1 - tail) * c_blk * s


@with_80_digits
def cost(cap: float, tail_share: float, margin: float, planned: float | None, looks: Iterable[Look]) -> list[float]:
    """§3: to fail with planned requests, to advance (the capped half) without."""
    b, d, tail = Decimal(cap), Decimal(margin), Decimal(tail_share)
    sign = 1 if planned is not None else -1
    lambdas = [Decimal(one) * (1 - tail) / ((1 + d) * b) for one in COST_FRACTIONS]
    stakes = ((n, [sign * stake(block, b, d, tail) for block in blocks]) for n, blocks in _paired_off(looks))
    return _bet(lambdas, planned, stakes)


@with_80_digits
def cost_limit(limit: float, cap: float, planned: float, looks: Iterable[list[Request]]) -> list[float]:
    """§3, an absolute limit."""
    lambdas = [Decimal(one) / Decimal(limit) for one in COST_FRACTIONS]

    def worth(one: Request) -> Decimal:
        return min(Decimal(one.cost), Decimal(cap)) - Decimal(limit) * one.success

    return _bet(lambdas, planned, ((len(look), [worth(one) for one in look]) for look in looks))


def _bet(lambdas: list[Decimal], planned: float | None, looks: Iterable[tuple[int, list[Decimal]]]) -> list[float]:
    capital, found = Capital(["1"] * len(lambdas), planned), []
    for n, stakes in looks:
        capital.inject(n)
        for u in stakes:
            capital.multiply(1 + lam * u for lam in lambdas)
        found.append(capital.total())
    return found


def feeding(update: Callable[..., None], looks: Iterable[Look]) -> Iterable[None]:
    """Give each look to `update` as arrays of costs and successes."""
    for look in looks:
        update(*(arrays(arm) for arm in look))
        yield


def arrays(requests: list[Request]) -> tuple[list[float], list[int]]:
    """Costs and successes, as `update` takes them."""
    return [one.cost for one in requests], [one.success for one in requests]
